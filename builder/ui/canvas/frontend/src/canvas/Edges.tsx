import { memo } from "react";

import { shapeText } from "../model/format";
import { arrow, type Path } from "../model/route";
import type { Scene, Wire } from "../model/scene";
import type { Info, Issue } from "../model/types";

interface Props {
  scene: Scene;
  paths: Map<string, Path>;
  info: (key: string) => Info | undefined;
  issue: (key: string) => Issue | undefined;
  chosen: string | null;
  aim: string | null;
  hover: string | null;
  onHover: (key: string | null) => void;
  onChoose: (key: string) => void;
}

function shapeOn(wire: Wire, scene: Scene, info: Props["info"]): string {
  const outputs = scene.byKey.get(wire.source)?.outputs ?? [];
  const known = info(wire.source)?.outputs;
  const index = Math.max(0, outputs.findIndex((port) => port.name === wire.sourcePort));
  const shape = shapeText(known?.[index] ?? known?.[0]);
  return shape && outputs.length > 1 ? `${outputs[index]!.name} ${shape}` : shape;
}

interface OneProps {
  id: string;
  name: string;
  path: Path;
  unsure: boolean;
  tone: string;
  onHover: Props["onHover"];
  onChoose: Props["onChoose"];
}

const One = memo(function One({ id, name, path, unsure, tone, onHover, onChoose }: OneProps) {
  return (
    <g
      className="react-flow__edge" data-testid={name}
      onPointerEnter={() => onHover(id)} onPointerLeave={() => onHover(null)}
      onClick={(event) => { event.stopPropagation(); onChoose(id); }}
    >
      <path d={path.d} stroke="transparent" strokeWidth={16} fill="none" style={{ pointerEvents: "stroke" }} />
      <path d={path.d} className={`edge ${unsure ? "ass" : ""} ${tone}`} />
      <path d={arrow(path)} className={`head ${tone}`} />
    </g>
  );
});

export const Edges = memo(function Edges(props: Props) {
  const { scene, paths, info, issue, chosen, aim, hover } = props;
  const bad = (wire: Wire) => {
    const found = issue(wire.target);
    return found?.severity === "error" && (info(wire.target)?.inputs.length ?? 0) > 0;
  };
  const unsure = (wire: Wire) =>
    (info(wire.source)?.assumed ?? false) || (issue(wire.source)?.severity === "error" && (info(wire.target)?.assumed ?? false));
  const dots = new Map<string, { x: number; y: number }>();
  const visible = scene.wires.filter((wire) => paths.has(wire.key));
  for (const wire of visible) {
    const dot = paths.get(wire.key)!.dot;
    if (dot) dots.set(`${dot.x},${dot.y}`, dot);
  }
  const labelled = visible.filter((wire) => wire.key === hover || wire.key === chosen || bad(wire));
  return (
    <>
      <svg className="wires" style={{ position: "absolute", left: 0, top: 0, width: 1, height: 1, overflow: "visible", zIndex: -1 }}>
        {visible.map((wire) => {
          const tone = wire.key === aim ? "aim" : wire.key === chosen ? "on" : bad(wire) ? "bad" : "";
          return (
            <One
              key={wire.key} id={wire.key} name={`edge-${wire.source}-${wire.target}`} path={paths.get(wire.key)!} unsure={unsure(wire)} tone={tone}
              onHover={props.onHover} onChoose={props.onChoose}
            />
          );
        })}
        {[...dots.values()].map((dot) => <circle key={`${dot.x},${dot.y}`} className="wire-dot" cx={dot.x} cy={dot.y} r={3} />)}
      </svg>
      {labelled.map((wire) => {
        const { label } = paths.get(wire.key)!;
        const text = shapeOn(wire, scene, info);
        const framed = scene.byKey.get(wire.target)?.frame ? "framed" : "";
        return text ? (
          <div
            key={wire.key} className={`wire-label ${bad(wire) ? "bad" : ""} ${framed}`}
            style={{ transform: `translate(${label.x}px,${label.y - 8}px)` }}
          >
            {text}
          </div>
        ) : null;
      })}
    </>
  );
});
