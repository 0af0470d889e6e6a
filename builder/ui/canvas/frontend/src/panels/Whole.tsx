// What the inspector shows while no layer is selected: the graph as a whole and what to do next.

import { useState } from "react";

import { useEditor } from "../context";
import { Icon } from "../icons";
import { bytes, count, short } from "../model/format";
import { moduleNamed } from "../model/places";

const HINTS = 3;
const LARGEST = 4;

/** The one next step, with a button where one press does it. */
function Next() {
  const { scene, errors, faults, faceOf, add, repair, reveal, open, go, rootGraph, view, session } = useEditor();
  const [first] = errors;
  const elsewhere = faults.find((fault) => fault.graph !== rootGraph);
  const bare = Object.entries(view.doc.graphs).find(([name, graph]) => !graph.nodes.length && name !== rootGraph);
  const input = faceOf("Input");
  const output = faceOf("Output");
  const has = (layer: string) => scene.items.some((item) => item.node.layer === layer);
  const step = (says: string, label: string, act: () => void, off = false) => (
    <div className="next" data-testid="next-step">
      <div><div className="lbl">Next</div><div className="s12">{says}</div></div>
      <span className="sp" /><button className={off ? "btn sm off" : "btn sm"} disabled={off} onClick={act}>{label}</button>
    </div>
  );
  if (!scene.items.length) return input ? step("Begin with what comes in.", "Add Input", () => add(input)) : null;
  if (first) {
    const [fix] = first.fixes;
    return fix ? step(`${first.title}. ${fix.why}`, fix.label, () => repair(first, fix), session.unanswered) : step(first.title, "Show it", () => first.node && reveal(first.node));
  }
  if (!has("Output")) return output ? step("An Output says what the network answers.", "Add Output", () => add(output)) : null;
  if (elsewhere) return step(`${elsewhere.graph}: ${elsewhere.issue.title}.`, `Go to ${elsewhere.graph}`, () => open(elsewhere.graph, elsewhere.issue.node ?? undefined));
  if (bare) return step(`${bare[0]} has no layers yet.`, `Go to ${bare[0]}`, () => open(bare[0]));
  if (moduleNamed(rootGraph)) return step("The module is whole. Drag it from the palette into a graph.", "To the graph", () => open(Object.keys(view.doc.graphs)[0]!));
  if (!session.state?.data) return step("The network is whole, but has no data to learn from yet.", "Choose data", () => go("data"));
  return step("The network is whole.", "Train", () => go("train"));
}

/** Where the parameters are: the largest layers, each a way to it. */
function Largest() {
  const { scene, info, check, reveal } = useEditor();
  const sized = scene.items.map((item) => ({ key: item.key, size: info(item.key)?.parameters ?? 0 })).filter((item) => item.size > 0);
  if (sized.length < 2) return null;
  const top = [...sized].sort((a, b) => b.size - a.size).slice(0, LARGEST);
  return (
    <div className="largest">
      <div className="lbl">Where the parameters are</div>
      {top.map(({ key, size }) => {
        const share = size / Math.max(1, check.parameters);
        return (
          <button key={key} className="row g8" onClick={() => reveal(key)} title={`${Math.round(share * 100)} % of the parameters; show it`}>
            <span className="nm">{key}</span><span className="cost"><i style={{ width: `${Math.max(4, share * 100)}%` }} /></span><span className="mono">{count(size)}</span>
          </button>
        );
      })}
    </div>
  );
}

export function Whole() {
  const { check, scene, reveal, session, rootGraph, inside } = useEditor();
  const [all, setAll] = useState(false);
  const errors = check.issues.filter((issue) => issue.severity === "error");
  const hints = check.issues.filter((issue) => issue.severity === "warning");
  const listed = [...errors, ...(all ? hints : hints.slice(0, HINTS))];
  return (
    <>
      <div className="row g8 hd"><b>{inside.split("/").at(-1) || (moduleNamed(rootGraph) ?? rootGraph)}</b><span className="f">{scene.items.length} {scene.items.length === 1 ? "layer" : "layers"}</span></div>
      <div className="s12 m say">
        {scene.items.length ? "Click a layer to see and change its settings." : "Nothing is drawn yet."}
        {session.state?.trouble ? ` ${session.state.trouble}` : ""}
      </div>
      {scene.items.length > 0 && (
        <div className="io">
          <div><div className="lbl">Parameters</div><div className="mono"><b>{count(check.parameters)}</b></div></div>
          <div><div className="lbl">Multiply-adds</div><div className="mono"><b>{short(check.macs)}</b></div></div>
          {check.memory > 0 && <div><div className="lbl">Memory at batch {session.state?.batch ?? 32}</div><div className="mono"><b>{bytes(check.memory)}</b></div></div>}
        </div>
      )}
      <Next />
      <Largest />
      {listed.map((issue, index) => (
        <button key={index} className="rest" onClick={() => issue.node && reveal(issue.node)} style={{ color: issue.severity === "error" ? "var(--err)" : "var(--warn)" }}>
          <Icon name={issue.severity === "error" ? "fault" : "warn"} small /><span style={{ overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{issue.title}</span>
        </button>
      ))}
      {hints.length > HINTS && (
        <button className="rest" aria-expanded={all} onClick={() => setAll(!all)}>
          <span className={`tri ${all ? "open" : ""}`}><Icon name="right" small /></span>{all ? "Fewer hints" : `${hints.length - HINTS} more hints`}
        </button>
      )}
    </>
  );
}
