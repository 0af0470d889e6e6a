import { useEffect, useRef, useState } from "react";

import { useEditor } from "../context";
import { Glyph, Icon, type IconName } from "../icons";
import { short } from "../model/format";
import { addGraph, removeGraph, renameGraph, renameModule } from "../model/modules";
import { freeName, kept, mainGraph, moduleNamed, named, placeOf, usesOf } from "../model/places";

interface Choice {
  icon: IconName;
  label: string;
  why: string;
  id: string;
  act: () => void;
}

/** What can be done with a graph, and what can be added beside it; what cannot says why. */
function useChoices(graph: string, rename: () => void): Choice[] {
  const { session, view, wants, apply, open } = useEditor();
  const { doc } = view;
  const module = moduleNamed(graph);
  const all = [...Object.keys(doc.graphs), ...Object.keys(doc.modules)];
  const add = (own: boolean) => {
    const name = freeName(all, own ? "Module" : "net");
    apply(addGraph(name, own));
    open(own ? `modules.${name}` : name);
  };
  return [
    { icon: "pen", label: "Rename", why: named(doc, wants, graph), id: "rename", act: rename },
    {
      icon: "trash", label: module ? "Delete the module" : "Delete the graph", id: "delete",
      why: kept(doc, wants, graph),
      act: () => {
        apply(removeGraph(graph));
        open(mainGraph({ ...doc, graphs: Object.fromEntries(Object.entries(doc.graphs).filter(([name]) => name !== graph)) }));
        session.tell({ tone: "info", fact: `${module ?? graph} is deleted.`, remedy: "Undo brings it back.", again: [] });
      },
    },
    { icon: "plus", label: "New graph", why: wants.closed, id: "add-graph", act: () => add(false) },
    { icon: "plus", label: "New module", why: "", id: "add-module", act: () => add(true) },
  ];
}

export function GraphMenu({ graph, rename, close }: { graph: string; rename: () => void; close: () => void }) {
  const choices = useChoices(graph, rename);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector<HTMLButtonElement>("button:not(:disabled)")?.focus();
    const away = (event: PointerEvent) => { if (box.current && !event.composedPath().includes(box.current)) close(); };
    window.addEventListener("pointerdown", away, true);
    return () => window.removeEventListener("pointerdown", away, true);
  }, [close]);
  const step = (by: number) => {
    const all = [...(box.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
    const now = all.findIndex((item) => item.matches(":focus"));
    all[(now + by + all.length) % all.length]?.focus();
  };
  return (
    <div
      className="card menu graphs" role="menu" ref={box} data-testid="graph-menu"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "Tab") close();
        if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
      }}
    >
      {choices.map((choice) => (
        <button key={choice.id} role="menuitem" disabled={!!choice.why} title={choice.why || undefined} data-testid={`graph-${choice.id}`} onClick={() => { close(); choice.act(); }}>
          <Icon name={choice.icon} small /><span>{choice.label}{choice.why && <i className="why">{choice.why}</i>}</span>
        </button>
      ))}
    </div>
  );
}

export function useRename(graph: string): (name: string | null) => void {
  const { apply, open, view } = useEditor();
  const module = moduleNamed(graph);
  return (name) => {
    if (!name || name === (module ?? graph)) return;
    apply(module ? renameModule(view.graph, module, name) : renameGraph(graph, name));
    if (!module && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name) && !(name in view.doc.graphs)) open(name);
  };
}

export function NameField({ name, done }: { name: string; done: (name: string | null) => void }) {
  const [text, setText] = useState(name);
  return (
    <input
      className="gname" value={text} autoFocus aria-label={`New name of ${name}`} data-testid="graph-name" maxLength={64} spellCheck={false}
      style={{ width: `${Math.max(8, text.length + 2)}ch` }}
      onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} onBlur={() => done(text)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(text);
        if (event.key === "Escape") done(null);
      }}
    />
  );
}

function Tab({ graph, on, naming, setNaming }: { graph: string; on: boolean; naming: boolean; setNaming: (on: boolean) => void }) {
  const { session, view, wants, open } = useEditor();
  const rename = useRename(graph);
  const module = moduleNamed(graph);
  const name = module ?? graph;
  const checks = session.state?.checks ?? {};
  const place = placeOf(view.doc, graph);
  const check = checks[place.root];
  const info = place.inside ? check?.nodes[place.inside] : check;
  const issues = check?.issues.filter((issue) => issue.severity === "error") ?? [];
  const errors = module && place.inside ? issues.filter((issue) => issue.graph === graph) : issues;
  const uses = module ? usesOf(view.doc, module) : 0;
  const idle = !module && wants.idle.includes(graph);
  const says = [
    module ? (uses ? `Module, used ${uses} times` : "Module, not used yet") : "Graph",
    info ? `${short(info.parameters)} parameters` : "", errors.length ? `${errors.length} to repair` : "no errors",
    idle ? "this task does not train it" : "",
  ].filter(Boolean).join(", ");
  return (
    <div className={`tab ${on ? "on" : ""}`}>
      {naming ? <NameField name={name} done={(fresh) => { setNaming(false); rename(fresh); }} /> : (
        <button role="tab" aria-selected={on} className="go" title={says} aria-label={`${name}. ${says}`} data-testid={`graph-tab-${name}`} onClick={() => open(graph)} onDoubleClick={() => !named(view.doc, wants, graph) && setNaming(true)}>
          {module && <Glyph name="module" size={13} />}<b>{name}</b>
          {uses > 1 && <span className="f">×{uses}</span>}
          {!!info?.parameters && <span className="mono f">{short(info.parameters)}</span>}
          {errors.length > 0 && <span className="pill err"><Icon name="fault" small />{errors.length}</span>}
          {idle && <span className="idle">not trained</span>}
        </button>
      )}
    </div>
  );
}

/** All graphs and modules of the project, each with its state; nothing where there is only one. */
export function Graphs() {
  const { view, rootGraph } = useEditor();
  const [menu, setMenu] = useState(false);
  const [naming, setNaming] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => { list.current?.querySelector(".tab.on")?.scrollIntoView({ block: "nearest", inline: "nearest" }); }, [view.graph]);
  const graphs = Object.keys(view.doc.graphs);
  const modules = Object.keys(view.doc.modules).map((name) => `modules.${name}`);
  if (graphs.length + modules.length < 2) return null;
  const shown = moduleNamed(view.graph) === null ? rootGraph : view.graph;
  const tab = (graph: string) => (
    <Tab key={graph} graph={graph} on={shown === graph} naming={naming === graph} setNaming={(on) => setNaming(on ? graph : null)} />
  );
  return (
    <div className="tabs">
      <div className="many" role="tablist" aria-label="Graphs of this project" ref={list} data-testid="graph-tabs">
        {graphs.map(tab)}
        {modules.length > 0 && <span className="rule" />}
        {modules.map(tab)}
      </div>
      <div className="drop">
        <button className="ib dots" aria-label={`More for ${moduleNamed(shown) ?? shown}`} aria-haspopup="menu" aria-expanded={menu} title="Rename, delete, add" data-testid="graph-more" onClick={() => setMenu(true)}><Icon name="dots" /></button>
        {menu && <GraphMenu graph={shown} rename={() => setNaming(shown)} close={() => setMenu(false)} />}
      </div>
    </div>
  );
}
