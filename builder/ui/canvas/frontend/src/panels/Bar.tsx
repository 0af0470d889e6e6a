import { useEffect, useState } from "react";

import type { CanvasHandle } from "../canvas/Canvas";
import { useEditor } from "../context";
import { Icon } from "../icons";
import { tidy } from "../model/actions";
import { since } from "../model/format";
import { useTools } from "../canvas/Overlays";

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
  const { session, ui, state, rootGraph } = useEditor();
  const inner = state.inside ? state.inside.split("/") : [];
  const [chosen] = state.selected.size === 1 ? [...state.selected] : [];
  const rest = chosen?.split("/") ?? [];
  const open = (path: string) => ui.set({ inside: path, selected: new Set(), wire: null, viewport: null });
  return (
    <nav className="crumb" aria-label="Where you are">
      <span className="f"><Icon name="file" /></span>
      <b>{session.state?.name}</b><span className="sep">/</span>
      <button onClick={() => open("")}>{rootGraph}</button>
      {inner.map((name, index) => (
        <span className="row g6" key={index}><span className="sep">/</span><button onClick={() => open(inner.slice(0, index + 1).join("/"))}>{name}</button></span>
      ))}
      {rest.map((name, index) => (
        <span className="row g6" key={`r${index}`}>
          <span className="sep">/</span>
          {index === rest.length - 1 ? <span className="on">{name}</span>
            : <button onClick={() => ui.select(rest.slice(0, index + 1).join("/"))}>{name}</button>}
        </span>
      ))}
      {!chosen && state.selected.size > 1 && <><span className="sep">/</span><span className="on">{state.selected.size} layers</span></>}
    </nav>
  );
}

export function Bar({ canvas, source, setSource }: { canvas: React.RefObject<CanvasHandle | null>; source: boolean; setSource: (on: boolean) => void }) {
  const editor = useEditor();
  const { session, errors, apply, view, scene, go, ui } = editor;
  const tools = useTools();
  const [turn, setTurn] = useState(0);
  const next = () => {
    const issue = errors[turn % errors.length];
    setTurn(turn + 1);
    if (issue?.node) {
      editor.reveal(issue.node);
      ui.set({ closedCards: new Set() });
    }
  };
  const first = errors[0];
  const why = first ? `Repair ${first.node ?? "the network"} first` : !scene.items.length ? "Add layers first" : "";
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
        {button("tidy", "Tidy the layout (L)", "tidy", () => { apply(tidy(view, scene, view.graph)); setTimeout(() => canvas.current?.fit(), 60); })}
        {button("group", `Group the selection into a module (${MOD}G)`, "group", tools.group, tools.keys.length < 1)}
        {button("code", "Source", "source-toggle", () => setSource(!source), false, source)}
        {button("help", "Keyboard (?)", "keys", () => ui.set({ sheet: true }))}
      </div>
      {errors.length > 0 && (
        <button className="pill err" onClick={next} data-testid="to-repair" title="Show it"><Icon name="fault" small />{errors.length} to repair</button>
      )}
      <button className={why ? "btn off" : "btn p"} disabled={!!why} title={why || "Go to training"} data-testid="train" onClick={() => go("train")}>
        Train <Icon name="right" small />
      </button>
    </div>
  );
}
