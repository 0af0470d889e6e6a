import { Handle, Position, useStore, type ReactFlowState } from "@xyflow/react";
import { memo, useEffect, useRef, useState } from "react";

import { Glyph, Icon, glyphOf } from "../icons";
import { count, flowText, laminaText } from "../model/format";
import { portX, portY } from "../model/route";
import type { Family, Info, Issue, PortFace } from "../model/types";

export interface NodeData extends Record<string, unknown> {
  key: string;
  id: string;
  layer: string;
  family: Family;
  module: boolean;
  place: "alone" | "top" | "middle" | "bottom";
  tail: boolean;
  inputs: PortFace[];
  outputs: PortFace[];
  info: Info | undefined;
  issue: Issue | undefined;
  share: number;
  selected: boolean;
  aim: boolean;
  renaming: boolean;
  rename: (name: string | null) => void;
}

/** What an error says in the node's own second line. */
export function shortIssue(issue: Issue): string {
  if (issue.differing.length) return "shapes differ";
  const plain = issue.node ? issue.title.replace(new RegExp(`^'?${issue.node}'?:?\\s+`), "") : issue.title;
  return plain.length > 30 ? `${plain.slice(0, 29)}…` : plain;
}

function Name({ data }: { data: NodeData }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.select(), []);
  const [text, setText] = useState(data.id);
  return (
    <input
      ref={box} className="name nodrag" value={text} aria-label={`New name of ${data.id}`} autoFocus
      onChange={(event) => setText(event.target.value)}
      onBlur={() => data.rename(text)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") data.rename(text);
        if (event.key === "Escape") data.rename(null);
      }}
    />
  );
}

function Ports({ data, height }: { data: NodeData; height: number }) {
  const stacked = data.place === "middle" || data.place === "bottom";
  return (
    <>
      {data.inputs.map((port, index) => (
        <Handle
          key={port.name} id={port.name} type="target" position={stacked ? Position.Left : Position.Top}
          className={stacked ? "inner" : ""} title={data.inputs.length > 1 ? port.name : undefined}
          data-testid={index ? `port-in-${data.key}-${port.name}` : `port-in-${data.key}`}
          style={stacked ? { left: -4 } : { left: portX(index, data.inputs.length) - 4 }}
        />
      ))}
      {data.outputs.map((port, index) => (
        <Handle
          key={port.name} id={port.name} type="source" position={data.tail ? Position.Bottom : Position.Right}
          className={data.tail ? "" : "inner"}
          title={data.outputs.length > 1 ? port.name : undefined}
          data-testid={index ? `port-out-${data.key}-${port.name}` : `port-out-${data.key}`}
          style={data.tail ? { left: portX(index, data.outputs.length) - 4 } : { right: -5, top: portY(index, data.outputs.length, height) }}
        />
      ))}
      {data.outputs.length > 1 && data.outputs.map((port, index) => (
        <span
          key={port.name} className="port" aria-hidden="true"
          style={data.tail ? { left: portX(index, data.outputs.length) + 8, bottom: -15 } : { left: "calc(100% + 9px)", top: portY(index, data.outputs.length, height) - 8 }}
        >
          {port.name}
        </span>
      ))}
    </>
  );
}

export function NodeFace({ data, ghost = false, far = false }: { data: NodeData; ghost?: boolean; far?: boolean }) {
  const { info, issue, place } = data;
  const small = place === "middle" || place === "bottom";
  const error = issue?.severity === "error" ? issue : undefined;
  const warning = issue?.severity === "warning" ? issue : undefined;
  const classes = ["node", place, data.selected && "sel", error && "err", info?.assumed && !error && "ass", data.aim && "aim", ghost && "ghost"];
  const sign = error ? <span className="sign err"><Icon name="fault" small /></span>
    : warning ? <span className="sign warn" title={warning.title}><Icon name="warn" small /></span> : null;
  const parameters = info?.parameters ? count(info.parameters) : "";
  const colour = { "--fc": `var(--f-${data.family})` } as React.CSSProperties;
  if (far && !data.renaming) return <div className={classes.filter(Boolean).join(" ")} style={colour} title={`${data.id}, ${data.layer}`} />;
  return (
    <div className={classes.filter(Boolean).join(" ")} style={colour}>
      <div className="l1">
        <Glyph name={glyphOf(data.family, data.layer, data.module)} size={small ? 13 : 14} />
        {data.renaming ? <Name data={data} /> : <b title={data.id.length > 18 ? data.id : undefined}>{data.id}</b>}
        <span className="t">{data.layer}</span>
        <span className="sp" />
        {small && !error && <span className="sh">{laminaText(info, data.layer === "Output") || parameters}</span>}
        {!small && !error && data.share > 0.0005 && (
          <span className="cost" title={`${Math.round(data.share * 100)} % of the multiply-adds`}>
            <i style={{ width: `${Math.max(4, data.share * 100)}%` }} />
          </span>
        )}
        {sign}
      </div>
      {!small && (
        <div className="l2">
          <span>{error ? shortIssue(error) : flowText(info)}</span>
          <span>{error ? "" : parameters}</span>
        </div>
      )}
    </div>
  );
}

/** Whether so much is in sight that a layer is a block of its family's colour: its words could not be read. */
export const isFar = (flow: ReactFlowState): boolean => flow.transform[2] < 0.3;

function described(data: NodeData): string {
  const flow = flowText(data.info);
  const trouble = data.issue ? `, ${data.issue.severity}: ${data.issue.title}` : "";
  return `${data.id}, ${data.layer}${flow ? `, ${flow.replaceAll("×", " by ").replace("→", "to")}` : ""}${trouble}`;
}

export const LayerNode = memo(function LayerNode({ data, height }: { data: NodeData; height?: number }) {
  const far = useStore(isFar);
  return (
    <div data-testid={`node-${data.key}`} aria-label={described(data)} role="group" style={{ height: "100%" }}>
      <NodeFace data={data} far={far} />
      <Ports data={data} height={height ?? 46} />
    </div>
  );
});
