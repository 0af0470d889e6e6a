import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { Canvas, type CanvasHandle } from "./canvas/Canvas";
import { EditorContext, type Editor } from "./context";
import { useHotkeys } from "./hotkeys";
import { Icon } from "./icons";
import { addLayer, newIn, repair, whereNext } from "./model/actions";
import { addressOf, asked, exists, mainGraph, nearest, placeOf } from "./model/places";
import { facesOf, sceneOf, type View } from "./model/scene";
import { passing, sessionOf, type Session } from "./model/session";
import type { Catalogue, Check, Issue } from "./model/types";
import { uiOf, type Ui } from "./model/ui";
import { HttpWire } from "./model/wire";
import { Bar } from "./panels/Bar";
import { Graphs } from "./panels/Graphs";
import { Inspector } from "./panels/Inspector";
import { Palette } from "./panels/Palette";
import { Quick, Sheet } from "./panels/Quick";
import { Source } from "./panels/Source";
import { Totals } from "./panels/Totals";

const NO_CHECK: Check = { nodes: {}, issues: [], parameters: 0, macs: 0, memory: 0, ok: true, ports: {} };
const POLL = 2000;
const READ = 12_000; // milliseconds that a notice stays by itself
let catalogueKept: Catalogue | null = null;

export interface AppProps {
  project: string;
  token: string;
  mount: HTMLElement;
  go: (page: string) => void;
}

function useSession(project: string, token: string): { session: Session; ui: Ui; wire: HttpWire; catalogue: Catalogue | null } {
  const wire = useMemo(() => new HttpWire(project, token), [project, token]);
  const session = useMemo(() => sessionOf(project, wire), [project, wire]);
  const ui = useMemo(() => uiOf(project), [project]);
  const [catalogue, setCatalogue] = useState(catalogueKept);
  useSyncExternalStore(session.subscribe, session.snapshot);
  useSyncExternalStore(ui.subscribe, ui.get);
  useEffect(() => {
    void session.poll();
    if (!catalogueKept) void wire.catalogue().then((found) => { catalogueKept = found; setCatalogue(found); });
    const look = () => { if (document.visibilityState === "visible") void session.poll(); };
    const timer = setInterval(look, POLL);
    document.addEventListener("visibilitychange", look);
    window.addEventListener("focus", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("focus", look);
    };
  }, [session, wire]);
  return { session, ui, wire, catalogue };
}

export function App(props: AppProps) {
  const { session, ui, wire, catalogue } = useSession(props.project, props.token);
  const ready = session.doc && session.state && catalogue;
  const failed = !session.state && session.failure;
  useLayoutEffect(() => { // what the page shows in the editor's place until then
    const wait = (props.mount.getRootNode() as ParentNode).querySelector<HTMLElement>(".lm-until");
    if (wait) wait.hidden = Boolean(ready || failed);
  }, [props.mount, ready, failed]);
  if (failed)
    return (
      <div className="app"><div className="failed" role="alert">
        <b style={{ color: "var(--err)" }}>{failed.fact}</b>
        <div className="s12 m">{failed.remedy}</div>
      </div></div>
    );
  if (!ready) return null;
  return (
    <ReactFlowProvider>
      <Loaded {...props} session={session} ui={ui} wire={wire} catalogue={catalogue} />
    </ReactFlowProvider>
  );
}

type LoadedProps = AppProps & { session: Session; ui: Ui; wire: HttpWire; catalogue: Catalogue };

function useEditorValue(props: LoadedProps, canvas: React.RefObject<CanvasHandle | null>): Editor {
  const { session, ui, wire, catalogue, go, mount } = props;
  const state = ui.get();
  const doc = session.doc!;
  const server = session.state!;
  const { root: rootGraph, inside, graph } = useMemo(
    () => nearest(doc, { root: state.root ?? mainGraph(doc), inside: state.inside }), [doc, state.root, state.inside],
  );
  const prefix = inside ? `${inside}/` : "";
  const faults = useMemo(() => Object.entries(doc.graphs).flatMap(([name, one]) => !one.nodes.length ? [] :
    (server.checks[name]?.issues ?? []).filter((issue) => issue.severity === "error").map((issue) => ({ graph: name, issue }))), [doc.graphs, server.checks]);
  const check = server.checks[rootGraph] ?? NO_CHECK;
  const faceOf = useMemo(() => facesOf(doc, catalogue.layers), [doc, catalogue]);
  const view = useMemo<View>(() => ({
    doc, graph, faces: faceOf, opened: state.opened,
    ports: Object.fromEntries(Object.entries(check.ports).filter(([key]) => key.startsWith(prefix)).map(([key, ports]) => [key.slice(prefix.length), ports])),
  }), [doc, graph, faceOf, state.opened, check, prefix]);
  const scene = useMemo(() => sceneOf(view), [view]);
  useEffect(() => ui.keep((key) => scene.byKey.has(key) || scene.frames.some((frame) => frame.key === key)), [ui, scene]);
  const lookups = useMemo(() => {
    const first = new Map<string, Issue>();
    for (const issue of check.issues) {
      if (!issue.node) continue;
      const path = issue.node.split("/");
      for (let depth = path.length; depth > 0; depth -= 1) {
        const key = path.slice(0, depth).join("/");
        const known = first.get(key);
        if (!known || (known.severity === "warning" && issue.severity === "error")) first.set(key, issue);
      }
    }
    return {
      info: (key: string) => check.nodes[prefix + key],
      issue: (key: string) => first.get(prefix + key),
      errors: check.issues.filter((issue) => issue.severity === "error"),
    };
  }, [check, prefix]);
  return useMemo<Editor>(() => {
    const take: Editor["take"] = (result) => {
      session.apply(result.edit);
      ui.set({ selected: new Set(result.select), before: state.selected, wire: null, openCard: null });
      setTimeout(() => canvas.current?.show(result.select), 30);
    };
    return {
    session, ui, state, wire, catalogue, view, scene, check, prefix, rootGraph, inside, wants: server.wants, patterns: server.patterns, faults, faceOf, mount, go, ...lookups,
    apply: (edit) => edit && session.apply(edit),
    take,
    add(face, where) {
      const middle = canvas.current?.middle() ?? { x: 0, y: 0 };
      take(addLayer(view, scene, face, where ?? whereNext(scene, state.selected, middle)));
    },
    repair(issue, fix) {
      const at = issue.node ? scene.byKey.get(issue.node.slice(prefix.length)) : undefined;
      const edit = repair(view, issue.graph ?? at?.graph ?? view.graph, fix);
      const made = edit.graph === view.graph ? newIn(view, edit) : [];
      if (!session.repair(edit)) return;
      ui.set({ openCard: null });
      if (made.length) setTimeout(() => canvas.current?.show(at ? [...made, at.key] : made), 60);
    },
    reveal(node) {
      const local = node.startsWith(prefix) ? node.slice(prefix.length) : node;
      const parts = local.split("/");
      const opened = new Set(state.opened);
      for (let depth = 1; depth < parts.length; depth += 1) opened.add(parts.slice(0, depth).join("/"));
      ui.set({ selected: new Set([local]), wire: null, opened: opened.size === state.opened.size ? state.opened : opened });
      setTimeout(() => canvas.current?.show([local]), 30);
    },
    open(graph, node) {
      session.forget();
      const place = placeOf(session.doc!, graph);
      ui.open(place.root, node ? "" : place.inside);
      if (!node) return;
      const parts = node.split("/");
      ui.set({ selected: new Set([node]), wire: null, opened: new Set(parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("/"))) });
      setTimeout(() => canvas.current?.show([node]), 60);
    },
    };
  }, [session, ui, state, wire, catalogue, view, scene, check, prefix, rootGraph, inside, server.wants, server.patterns, faults, faceOf, mount, go, lookups, canvas]);
}

/** The address names the open graph, so that a link restores it; a link may name a node too. */
function useLink(editor: Editor): void {
  const { ui, session, state, rootGraph, inside, open } = editor;
  const fresh = state.root === null;
  useEffect(() => {
    const doc = session.doc;
    if (!fresh || !doc) return;
    const want = asked(window.location.search);
    const graph = exists(doc, want.graph) ? want.graph : mainGraph(doc);
    if (want.node) open(graph, want.node);
    else if (want.inside) ui.open(graph, want.inside);
    else open(graph);
  }, [fresh, session, ui, open]);
  useEffect(() => {
    if (fresh || !session.doc) return;
    const next = addressOf(window.location.href, session.doc, { root: rootGraph, inside });
    if (next !== window.location.href) window.history.replaceState(window.history.state, "", next);
  }, [fresh, session, rootGraph, inside]);
}

/** An undo or redo that changed something out of sight turns to it. */
function useTurned(editor: Editor): void {
  const { session, view, scene, open } = editor;
  const { turned } = session;
  const seen = useRef(turned);
  useEffect(() => {
    if (!turned || turned === seen.current) return;
    seen.current = turned;
    const shown = new Set([view.graph, ...scene.items.map((item) => item.graph)]);
    const [first] = turned.graphs.filter((graph) => exists(view.doc, graph));
    if (first && !turned.graphs.some((graph) => shown.has(graph))) open(first);
  }, [turned, view, scene, open]);
}

/** What was selected before an edit that is refused is selected again. */
function useRefused({ session, ui }: Editor): void {
  const { refusals } = session;
  const seen = useRef(refusals);
  useEffect(() => {
    if (refusals === seen.current) return;
    seen.current = refusals;
    ui.back();
  }, [refusals, ui]);
}

function Loaded(props: LoadedProps) {
  const canvas = useRef<CanvasHandle | null>(null);
  const editor = useEditorValue(props, canvas);
  const { ui, state, session } = editor;
  const root = useRef<HTMLDivElement>(null);
  const source = state.source ?? window.innerWidth >= 1400;
  useHotkeys(editor, canvas);
  useLink(editor);
  useTurned(editor);
  useRefused(editor);
  return (
    <EditorContext.Provider value={editor}>
      <div className="app" ref={root} data-testid="editor">
        <Bar canvas={canvas} source={source} setSource={(on) => ui.set({ source: on })} />
        <Palette canvas={canvas} />
        <div className="stage">
          <Graphs />
          <Canvas handle={canvas} key={`${props.project}:${editor.rootGraph}:${editor.prefix}`} />
          {editor.scene.items.length === 0 && <Empty editor={editor} />}
          {session.notice && <Notice session={session} />}
          {state.quick && <Quick canvas={canvas} />}
          {state.sheet && <Sheet />}
        </div>
        <div className="rt"><Inspector /><Source open={source} setOpen={(on) => ui.set({ source: on })} /></div>
        <Totals />
      </div>
    </EditorContext.Provider>
  );
}

function Empty({ editor }: { editor: Editor }) {
  const input = editor.faceOf("Input");
  return (
    <div className="empty" data-testid="empty-canvas">
      <b>An empty canvas</b>
      <div className="s12 m">Start with what comes in. Drag Input here, or <span className="nb">type <span className="kbd">/</span></span></div>
      <button className="btn p" data-testid="add-input" onClick={() => input && editor.add(input)}><Icon name="plus" small />Add Input</button>
    </div>
  );
}

function Notice({ session }: { session: Session }) {
  const { notice } = session;
  useEffect(() => {
    if (!notice || !passing(notice)) return;
    const timer = setTimeout(() => session.dismiss(), READ);
    return () => clearTimeout(timer);
  }, [notice, session]);
  if (!notice) return null;
  return (
    <div className={`card notice ${notice.tone}`} role="alert" data-testid="notice">
      <div className="s12"><b>{notice.fact}</b> <span className="m">{notice.remedy}</span></div>
      {notice.again.length > 0 && <button className="btn sm" data-testid="again" onClick={() => session.again()}>Do it again</button>}
      <button className="ib" aria-label="Dismiss" onClick={() => session.dismiss()}><Icon name="cross" small /></button>
    </div>
  );
}
