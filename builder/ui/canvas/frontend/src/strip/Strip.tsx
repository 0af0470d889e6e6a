import { useEffect, useMemo, useRef, useState } from "react";

import { Glyph, Icon, glyphOf } from "../icons";
import { shapesText } from "../model/format";
import { LEGENDS, verdict, type Health, type HealthMode } from "../model/health";
import { pace, plan, TIGHT, type StripSize } from "../model/striplayout";
import type { Family, GraphSpec, LayerFace, Shape } from "../model/types";

export interface StripData {
  kind: "strip";
  id: string;
  graph: GraphSpec;
  layers: Record<string, { family: Family; lamina: boolean; module?: boolean }>;
  shapes: Record<string, Shape[]>;
  health: Record<string, Health>;
  mode: HealthMode | "pick";
  selected: string | null;
  pickable: string[] | null;
  title: string;
  caption: string;
  /** The run whose news ("lamina:health" events of the live view) replace `health`; null for none. */
  follow: string | null;
  /** All graphs by name, where there are several, and the name of `graph` among them. */
  graphs: Record<string, GraphSpec>;
  main: string;
}

const MODES: [HealthMode, string][] = [["updates", "Updates"], ["gradients", "Gradients"], ["activations", "Activations"], ["time", "Time"]];
const chosen = new Map<string, HealthMode>();
const turned = new Map<string, string>();

function face(name: string, layers: StripData["layers"]): LayerFace {
  const known = layers[name] ?? { family: "io" as Family, lamina: false };
  return { name, ...known, help: "", params: [], inputs: [], outputs: [], docs: "", keywords: [] };
}

interface News { run: string; nodes: (Health & { node: string })[] }

/** The newest health of a run, at most once a second, so that the glow never flickers. */
function useHealth(data: StripData): Record<string, Health> {
  const [news, setNews] = useState<Record<string, Health> | null>(null);
  useEffect(() => {
    setNews(null);
    if (!data.follow) return;
    let held: News | null = null;
    const hear = (event: Event) => {
      const detail = (event as CustomEvent<News>).detail;
      if (detail.run === data.follow && detail.nodes.length) held = detail;
    };
    const timer = setInterval(() => {
      if (held) setNews(Object.fromEntries(held.nodes.map((row) => [row.node, row])));
      held = null;
    }, 1000);
    window.addEventListener("lamina:health", hear);
    return () => {
      window.removeEventListener("lamina:health", hear);
      clearInterval(timer);
    };
  }, [data.follow]);
  return news ?? data.health;
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1200);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

function usePlan(data: StripData, size: (columns: number) => StripSize) {
  const { graph, layers } = data;
  return useMemo(() => {
    const faces = (name: string) => face(name, layers);
    const rough = plan(graph, faces, size(1));
    const columns = new Set(rough.nodes.map((node) => node.at.x)).size;
    return plan(graph, faces, size(columns));
  }, [graph, layers, size]);
}

function Wires({ made }: { made: ReturnType<typeof plan> }) {
  return (
    <svg width={made.width} height={made.height} aria-hidden="true">
      {made.edges.map((edge) => (
        <g key={edge.key}>
          <path className="edge" d={edge.d} />
          <path className="head" d={`M${edge.tip.x - 6} ${edge.tip.y - 4}L${edge.tip.x} ${edge.tip.y}L${edge.tip.x - 6} ${edge.tip.y + 4}Z`} />
        </g>
      ))}
    </svg>
  );
}

const SEAMS = { alone: "", top: "t", middle: "m_", bottom: "b_" };

/** What is found in each graph that needs a look, for the sign at its name. */
function ailing(graph: GraphSpec, of: (node: string) => Health | undefined, mode: HealthMode): number {
  return graph.nodes.filter((node) => ["hot", "sick"].includes(verdict(of(node.id), mode).tone)).length;
}

/** Which side of a row holds more than is seen: it fades there. */
function useEnds(box: React.RefObject<HTMLDivElement | null>, width: number): { ends: string; look: () => void } {
  const [ends, setEnds] = useState("");
  const look = () => {
    const row = box.current;
    if (!row) return;
    const rest = row.scrollWidth - row.clientWidth - row.scrollLeft;
    setEnds(`${row.scrollLeft > 2 ? "before" : ""} ${rest > 2 ? "after" : ""}`);
  };
  useEffect(look, [width]);
  return { ends, look };
}

function HealthStrip({ data: given, mode, setMode }: { data: StripData; mode: HealthMode; setMode: (mode: HealthMode) => void }) {
  const [box, width] = useWidth();
  const [shown, setShown] = useState(turned.get(given.id) ?? given.main);
  const name = shown in given.graphs ? shown : given.main;
  const graph = given.graphs[name] ?? given.graph;
  const data = useMemo(() => ({ ...given, graph }), [given, graph]);
  const known = useHealth(given);
  const of = (of: string) => (node: string) => known[`${of}/${node}`] ?? (of === given.main ? known[node] : undefined);
  const health = of(name);
  const size = useMemo(() => (columns: number): StripSize => {
    const { node, gap } = pace(width, columns);
    return { width: node, step: node + gap, node: 25, seam: 2, row: 24, left: 16, top: 9, radius: 9 };
  }, [width]);
  const made = usePlan(data, size);
  const layer = new Map(data.graph.nodes.map((node) => [node.id, node.layer]));
  const legend = LEGENDS[mode];
  const tall = Math.max(127, made.height + (made.width > width ? 10 : 0));
  const roll = useRef<HTMLDivElement>(null);
  const { ends, look } = useEnds(roll, made.width - width);
  const nodeWidth = size(new Set(made.nodes.map((node) => node.at.x)).size).width;
  return (
    <section className="strip" ref={box} aria-label={data.title || "Model health"} data-testid="graph-strip">
      <div className="top">
        <h3>{data.title || "Model health"}</h3>
        {data.caption && <span className="f s12 of" title={data.caption}>{data.caption}</span>}
        {Object.keys(given.graphs).length > 1 && (
          <div className="seg" role="group" aria-label="Which graph">
            {Object.entries(given.graphs).map(([key, own]) => {
              const sick = ailing(own, of(key), mode);
              return (
                <button key={key} aria-pressed={key === name} title={sick ? `${key}: ${sick} to look at` : key} onClick={() => { turned.set(given.id, key); setShown(key); }} data-testid={`health-graph-${key}`}>
                  {key}{sick > 0 && <span className="sick"> <Icon name="warn" small />{sick}</span>}
                </button>
              );
            })}
          </div>
        )}
        <div className="seg" role="group" aria-label="What is shown">
          {MODES.map(([key, label]) => <button key={key} aria-pressed={key === mode} onClick={() => setMode(key)} data-testid={`health-${key}`}>{label}</button>)}
        </div>
        <span className="sp" />
        {legend.good && (
          <div className="row g12 s12 f">
            <span className="row g4"><i className="dot" style={{ background: "var(--ok)" }} />{legend.good}</span>
            <span className="row g4" style={{ color: "var(--warn)" }}><Icon name="warn" small />{legend.bad}</span>
          </div>
        )}
      </div>
      <div className={`roll ${ends}`} ref={roll} onScroll={look} tabIndex={ends.trim() ? 0 : undefined} style={{ height: tall }}>
        <div className="plane" style={{ width: made.width, height: made.height }}>
          <Wires made={made} />
          {made.nodes.map((node) => {
            const kind = layer.get(node.id) ?? "";
            const own = face(kind, data.layers);
            const says = verdict(health(node.id), mode);
            const shape = name === given.main ? data.shapes[node.id] : undefined;
            const title = [`${node.id}, ${kind}`, shape && shapesText(shape), says.says].filter(Boolean).join(" · ");
            const fill = says.tone === "hot" ? "var(--warn-fill)" : says.tone === "sick" ? "var(--err)" : says.tone === "good" ? "var(--ok)" : "var(--ink3)";
            return (
              <div
                key={node.id} className={`hn ${nodeWidth < TIGHT ? "tight" : ""} ${says.tone === "none" ? "" : says.tone} ${SEAMS[node.place]}`} title={title} data-testid={`strip-${node.id}`}
                style={{ left: node.at.x, top: node.at.y, width: nodeWidth, "--fc": `var(--f-${own.family})` } as React.CSSProperties}
              >
                {(nodeWidth >= TIGHT || node.id.length < 6) && <Glyph name={glyphOf(own.family, kind, own.module)} size={12} />}
                <b><bdi>{node.id}</bdi></b><span className="sp" />
                {says.bar !== null && nodeWidth >= 158 && says.text.length < 7 && <span className="hb"><i style={{ width: `${says.bar * 100}%`, background: fill }} />{mode !== "time" && <u />}</span>}
                <span className="hv">{(says.tone === "hot" || says.tone === "sick") && <Icon name="warn" small />}{says.text}</span>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

const SMALL: StripSize = { width: 84, step: 109, node: 21, seam: 2, row: 18, left: 2, top: 3, radius: 8 };
const small = () => SMALL;

function PickStrip({ data, pick }: { data: StripData; pick: (node: string) => void }) {
  const made = usePlan(data, small);
  const [own, setOwn] = useState(data.selected);
  useEffect(() => setOwn(data.selected), [data.selected]);
  const layer = new Map(data.graph.nodes.map((node) => [node.id, node.layer]));
  return (
    <section className="strip bare" aria-label={data.title || "Layers"} data-testid="graph-strip">
      <div className="roll">
        <div className="plane" style={{ width: made.width, height: made.height }}>
          <Wires made={made} />
          {made.nodes.map((node) => {
            const name = layer.get(node.id) ?? "";
            const known = face(name, data.layers);
            const can = data.pickable === null || data.pickable.includes(node.id);
            const shape = data.shapes[node.id];
            return (
              <button
                key={node.id} className={`ln_ ${SEAMS[node.place]} ${node.id === own ? "sel" : ""} ${can ? "" : "no"}`} disabled={!can} aria-pressed={node.id === own}
                title={[`${node.id}, ${name}`, shape && shapesText(shape), can ? "" : "its output has no places to look at"].filter(Boolean).join(" · ")} data-testid={`pick-${node.id}`}
                style={{ left: node.at.x, top: node.at.y, width: SMALL.width, "--fc": `var(--f-${known.family})` } as React.CSSProperties}
                onClick={() => { setOwn(node.id); pick(node.id); }}
              >
                <Glyph name={glyphOf(known.family, name, known.module)} size={11} /><b>{node.id}</b>
              </button>
            );
          })}
        </div>
      </div>
    </section>
  );
}

export function Strip({ data, pick }: { data: StripData; pick: (node: string) => void }) {
  const [mode, setMode] = useState<HealthMode>(chosen.get(data.id) ?? (data.mode === "pick" ? "updates" : data.mode));
  if (data.mode === "pick") return <PickStrip data={data} pick={pick} />;
  return <HealthStrip data={data} mode={mode} setMode={(next) => { chosen.set(data.id, next); setMode(next); }} />;
}
