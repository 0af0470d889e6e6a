import { useEffect, useState } from "react";

import type { CanvasHandle } from "../canvas/Canvas";
import { LENGTH } from "../canvas/tween";
import { useEditor } from "../context";
import { Icon } from "../icons";
import { moduleNamed } from "../model/places";
import { tidy } from "../model/placing";
import { since } from "../model/format";
import { useTools } from "../canvas/Overlays";
import { GraphMenu, NameField, useRename } from "./Graphs";

const MAC = /Mac/.test(navigator.platform);
export const MOD = MAC ? "⌘" : "Ctrl+";

function Saved() {
  const { session } = useEditor();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 20_000);
    return () => clearInterval(timer);
  }, []);
  if (session.saving === "unreachable")
    return <span className="row g4 s12 saved" style={{ color: "var(--err)" }} role="status" data-testid="saved"><Icon name="warn" small />Lamina does not answer; your edits wait here</span>;
  const text = session.saving === "saving" ? "Saving…" : `Saved ${since(session.savedAt, Math.max(now, session.savedAt))}`;
  return (
    <span className="row g4 s12 f saved" role="status" data-testid="saved">
      <span style={{ color: "var(--ok)" }}><Icon name="check" small /></span>{text}
    </span>
  );
}

export function Crumb() {
  const { session, ui, state, rootGraph, inside, view } = useEditor();
  const [menu, setMenu] = useState(false);
  const [naming, setNaming] = useState(false);
  const rename = useRename(rootGraph);
  const alone = Object.keys(view.doc.graphs).length + Object.keys(view.doc.modules).length < 2;
  const inner = inside ? inside.split("/") : [];
  const [chosen] = state.selected.size === 1 ? [...state.selected] : [];
  const rest = chosen?.split("/") ?? [];
  const open = (path: string) => (path === inside ? ui.select() : ui.open(rootGraph, path));
  return (
    <nav className="crumb" aria-label="Where you are">
      <span className="f"><Icon name="file" /></span>
      <b title={session.state?.name}>{session.state?.name}</b><span className="sep">/</span>
      {naming ? <NameField name={rootGraph} done={(name) => { setNaming(false); rename(name); }} /> : <button onClick={() => open("")}>{moduleNamed(rootGraph) ?? rootGraph}</button>}
      {alone && (
        <span className="drop">
          <button className="ib dots" aria-label="Graphs" aria-haspopup="menu" aria-expanded={menu} title="Rename, add a graph or a module" data-testid="graph-more" onClick={() => setMenu(!menu)}><Icon name="down" small /></button>
          {menu && <GraphMenu graph={rootGraph} rename={() => setNaming(true)} close={() => setMenu(false)} />}
        </span>
      )}
      {inner.map((name, index) => (
        <span className="row g6" key={index}><span className="sep">/</span><button onClick={() => open(inner.slice(0, index + 1).join("/"))}>{name}</button></span>
      ))}
      {rest.map((name, index) => (
        <span className="row g6" key={`r${index}`}>
          <span className="sep">/</span>
          {index === rest.length - 1 ? <span className="on" title={name}>{name}</span>
            : <button onClick={() => ui.select(rest.slice(0, index + 1).join("/"))}>{name}</button>}
        </span>
      ))}
      {!chosen && state.selected.size > 1 && <><span className="sep">/</span><span className="on">{state.selected.size} layers</span></>}
    </nav>
  );
}

export function Bar({ canvas, source, setSource }: { canvas: React.RefObject<CanvasHandle | null>; source: boolean; setSource: (on: boolean) => void }) {
  const editor = useEditor();
  const { session, faults, apply, view, scene, go, ui } = editor;
  const tools = useTools();
  const [turn, setTurn] = useState(0);
  const next = () => {
    const fault = faults[turn % faults.length];
    setTurn(turn + 1);
    if (!fault) return;
    if (fault.graph === editor.rootGraph && fault.issue.node?.startsWith(editor.prefix)) editor.reveal(fault.issue.node);
    else editor.open(fault.graph, fault.issue.node ?? undefined);
    ui.set({ closedCards: new Set() });
  };
  const first = faults[0];
  const empty = Object.entries(view.doc.graphs).find(([, graph]) => !graph.nodes.length);
  const where = first && Object.keys(view.doc.graphs).length > 1 ? ` in ${first.graph}` : "";
  const why = first ? `Repair ${first.issue.node ?? "the network"}${where} first` : empty ? `Add layers to ${empty[0]} first` : "";
  const button = (name: Parameters<typeof Icon>[0]["name"], label: string, id: string, onClick: () => void, disabled = false, on = false) => (
    <button className={`ib ${on ? "on" : ""}`} title={label} aria-label={label} data-testid={id} disabled={disabled} onClick={onClick} aria-pressed={on || undefined}><Icon name={name} /></button>
  );
  return (
    <div className="bar">
      <Crumb />
      <Saved />
      <span className="sp" />
      <div className="row">
        {button("undo", `Undo (${MOD}Z)`, "undo", () => session.undo(), !session.state?.undo && !session.busy)}
        {button("redo", `Redo (${MOD}Shift+Z)`, "redo", () => session.redo(), !session.state?.redo)}
        <span className="rule" />
        {button("tidy", "Tidy the layout (L)", "tidy", () => { apply(tidy(view, scene, view.graph)); setTimeout(() => canvas.current?.fit(), LENGTH + 40); })}
        {button("group", `Group the selection into a module (${MOD}G)`, "group", tools.group, tools.keys.length < 1)}
        {button("code", "Source", "source-toggle", () => setSource(!source), false, source)}
        {button("keys", "Keyboard (?)", "keys", () => ui.set({ sheet: true }))}
      </div>
      {faults.length > 0 && (
        <button className="pill err" onClick={next} data-testid="to-repair" title="Show it"><Icon name="fault" small />{faults.length} to repair</button>
      )}
      <button className={why ? "btn off" : "btn p"} disabled={!!why} title={why || "Go to training"} data-testid="train" onClick={() => go("train")}>
        Train <Icon name="right" small />
      </button>
    </div>
  );
}
