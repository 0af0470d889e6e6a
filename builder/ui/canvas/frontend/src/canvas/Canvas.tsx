import {
  Background, BackgroundVariant, ReactFlow, ViewportPortal, useConnection, useReactFlow, useStore, useViewport,
  type ConnectionLineComponentProps, type Node, type NodeChange, type OnConnectEnd, type Viewport,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { useEditor } from "../context";
import { Glyph, Icon } from "../icons";
import { connect, connectBack, seated } from "../model/actions";
import { move, standing } from "../model/placing";
import { rounded, routes } from "../model/route";
import { sameDrawing, type Item, type Scene } from "../model/scene";
import { HEIGHT, WIDTH } from "../model/stacks";
import type { Info, Issue, Point } from "../model/types";
import { Edges } from "./Edges";
import { isFar, LayerNode, type NodeData } from "./LayerNode";
import { Minimap } from "./Minimap";
import { Overlays } from "./Overlays";
import { useTween } from "./tween";

export interface Target {
  node: string | null;
  wire: string | null;
}

export interface CanvasHandle {
  at: (clientX: number, clientY: number) => { point: Point; inside: boolean; target: Target };
  aim: (target: Target) => void;
  middle: () => Point;
  show: (keys: string[]) => void;
  fit: () => void;
}

// What never changes is the same object at each render: React Flow tells all its nodes of what is new to it.
const NODE_TYPES = { layer: LayerNode };
const NO_EDGES: never[] = [];
const HOME = { x: 0, y: 0, zoom: 1 };
const SEVERAL = ["Meta", "Control", "Shift"];
const PLAIN = { hideAttribution: true };
const CARD_ROOM = 354;
const FARTHEST = 0.02;
const NOTHING: Target = { node: null, wire: null };

/** The scene with some nodes elsewhere: while they are dragged or glide to a new place. */
function displacedScene(scene: Scene, moved: Map<string, Point> | null): Scene {
  if (!moved?.size) return scene;
  const items = scene.items.map((item) => (moved.has(item.key) ? { ...item, at: moved.get(item.key)! } : item));
  return { ...scene, items, byKey: new Map(items.map((item) => [item.key, item])) };
}

/** The node or edge under a point of the canvas. */
export function hit(scene: Scene, paths: ReturnType<typeof routes>, point: Point, except: ReadonlySet<string> = new Set()): Target {
  const inside = (item: Item) =>
    point.x >= item.at.x && point.x <= item.at.x + WIDTH && point.y >= item.at.y - 1 && point.y <= item.at.y + item.height + 1;
  const node = scene.items.find((item) => !except.has(item.key) && inside(item));
  if (node) return { node: node.key, wire: null };
  let best: { key: string; far: number } | null = null;
  for (const wire of scene.wires) {
    const path = paths.get(wire.key);
    if (!path || !wire.edge || except.has(wire.source) || except.has(wire.target)) continue;
    const far = distance(path.d, point);
    if (far < 16 && (!best || far < best.far)) best = { key: wire.key, far };
  }
  return { node: null, wire: best?.key ?? null };
}

function distance(d: string, point: Point): number {
  const numbers = [...d.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)|Q(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+)/g)];
  let [x, y, far] = [0, 0, Infinity];
  numbers.forEach((match, index) => {
    const [nx, ny] = match[1] !== undefined ? [Number(match[1]), Number(match[2])] : [Number(match[5]), Number(match[6])];
    if (index) far = Math.min(far, toSegment(point, x, y, nx, ny));
    [x, y] = [nx, ny];
  });
  return far;
}

function toSegment(p: Point, x1: number, y1: number, x2: number, y2: number): number {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const t = length ? Math.max(0, Math.min(1, ((p.x - x1) * (x2 - x1) + (p.y - y1) * (y2 - y1)) / length)) : 0;
  return Math.hypot(p.x - x1 - t * (x2 - x1), p.y - y1 - t * (y2 - y1));
}

function Rubber({ fromX, fromY, toX, toY }: ConnectionLineComponentProps) {
  const middle = (fromY + toY) / 2;
  const d = Math.abs(fromX - toX) < 2 ? `M${fromX} ${fromY}L${toX} ${toY}` : rounded([[fromX, fromY], [fromX, middle], [toX, middle], [toX, toY]]);
  return <path d={d} className="edge on" fill="none" strokeDasharray="4 4" />;
}

/** The same scene object while nothing that is drawn of it changed: a setting moves no node and no edge. */
function useSteady(scene: Scene): Scene {
  const last = useRef(scene);
  if (last.current !== scene && !sameDrawing(last.current, scene)) last.current = scene;
  return last.current;
}

function useNodes(scene: Scene, aim: string | null): Node<NodeData>[] {
  const { info, issue, check, state, ui, apply } = useEditor();
  const cache = useRef(new Map<string, { node: Node<NodeData>; parts: unknown[] }>());
  const list = useRef<Node<NodeData>[]>([]);
  return useMemo(() => {
    const kept = new Map<string, { node: Node<NodeData>; parts: unknown[] }>();
    const nodes = scene.items.map((item) => {
      const tail = scene.stacks.get(item.head)?.at(-1) === item.key;
      const known: Info | undefined = info(item.key);
      const fault: Issue | undefined = issue(item.key);
      const selected = state.selected.has(item.key);
      const renaming = state.renaming === item.key;
      const share = check.macs ? (known?.macs ?? 0) / check.macs : 0;
      const parts = [item.key, item.node.layer, item.face, item.at.x, item.at.y, item.height, item.place, tail, known, fault, selected, renaming, share, aim === item.key, item.outputs];
      const old = cache.current.get(item.key);
      if (old && old.parts.every((part, index) => part === parts[index])) {
        kept.set(item.key, old);
        return old.node;
      }
      const node: Node<NodeData> = {
        id: item.key, type: "layer", position: item.at, width: WIDTH, height: item.height,
        measured: { width: WIDTH, height: item.height }, selected, zIndex: selected ? 3 : 1,
        ariaLabel: `${item.node.id}, ${item.node.layer}`,
        data: {
          key: item.key, id: item.node.id, layer: item.node.layer, family: item.face?.family ?? "io",
          module: item.face?.module ?? false, place: item.place, tail, inputs: item.inputs, outputs: item.outputs,
          info: known, issue: fault, share, selected, aim: aim === item.key, renaming,
          rename(name) {
            ui.set({ renaming: null });
            if (!name || name === item.node.id) return;
            apply({ graph: item.graph, label: `rename ${item.node.id}`, steps: [["rename", { id: item.node.id, new: name }]] });
            ui.select(item.key.slice(0, item.key.length - item.node.id.length) + name);
          },
        },
      };
      kept.set(item.key, { node, parts });
      return node;
    });
    cache.current = kept;
    const same = nodes.length === list.current.length && nodes.every((node, index) => node === list.current[index]);
    if (!same) list.current = nodes;
    return list.current;
  }, [scene, info, issue, check, state.selected, state.renaming, aim, ui, apply]);
}

function Frames({ scene }: { scene: Scene }) {
  const { ui, state } = useEditor();
  return (
    <>
      {scene.frames.map((frame) => (
        <div
          key={frame.key} className={`frame ${state.selected.has(frame.key) ? "sel" : ""}`} data-testid={`frame-${frame.key}`}
          style={{ position: "absolute", transform: `translate(${frame.at.x}px,${frame.at.y}px)`, width: frame.width, height: frame.height, zIndex: -2 }}
        >
          <button className="head nopan" style={{ pointerEvents: "all" }} aria-expanded title="Close the module" onClick={() => ui.set({ opened: new Set([...state.opened].filter((key) => key !== frame.key)), selected: new Set([frame.key]) })}>
            <Glyph name="module" size={13} /><b>{frame.id}</b><Icon name="down" small />
          </button>
        </div>
      ))}
    </>
  );
}

function Zoom() {
  const flow = useReactFlow();
  const { zoom } = useViewport();
  return (
    <>
      <div className="card zoom">
        <button className="ib" aria-label="Zoom in" title="Zoom in (+)" onClick={() => void flow.zoomIn({ duration: 120 })}><Icon name="plus" /></button>
        <button className="ib" aria-label="Zoom out" title="Zoom out (−)" onClick={() => void flow.zoomOut({ duration: 120 })}><Icon name="minus" /></button>
        <button className="ib" aria-label="Fit the network into the window" title="Fit (F)" data-testid="fit" onClick={() => fitAll(flow)}><Icon name="fit" /></button>
      </div>
      <span className="mono percent">{Math.round(zoom * 100)} %</span>
    </>
  );
}

type Flow = ReturnType<typeof useReactFlow>;

type Acts = Record<string, (...args: never[]) => unknown>;

/** The same functions at each render, which do what the newest ones would. */
function useStable<T extends Acts>(acts: T): T {
  const newest = useRef(acts);
  newest.current = acts;
  return useMemo(
    () => Object.fromEntries(Object.keys(newest.current).map((name) => [name, (...args: never[]) => newest.current[name]!(...args)])) as T, [],
  );
}

function fitAll(flow: Flow): void {
  void flow.fitView({ padding: 0.08, maxZoom: 1, minZoom: FARTHEST, duration: calm() ? 0 : 200 });
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function Canvas({ handle }: { handle: React.RefObject<CanvasHandle | null> }) {
  const editor = useEditor();
  const { scene, state, ui, view, apply, info, issue } = editor;
  const flow = useReactFlow();
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 772, height: 770 });
  const [drag, setDrag] = useState<Map<string, Point> | null>(null);
  const [aim, setAim] = useState<Target>(NOTHING);
  const [hover, setHover] = useState<string | null>(null);
  const glide = useTween(scene, drag !== null);
  const shown = useMemo(() => displacedScene(scene, drag ?? glide), [scene, drag, glide]);
  const drawn = useSteady(shown);
  const paths = useMemo(() => routes(drawn), [drawn]);
  const nodes = useNodes(shown, aim.node);
  const connecting = useConnection((connection) => connection.inProgress);
  const far = useStore(isFar);
  const latest = useRef({ shown, paths, scene });
  latest.current = { shown, paths, scene };

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setSize({ width: entry.contentRect.width, height: entry.contentRect.height }));
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  const place = `${editor.rootGraph}:${editor.inside}`;
  const seen = state.views[place];
  const first = useRef(!seen);
  useEffect(() => {
    if (!first.current || !scene.items.length) return;
    first.current = false;
    frameFirst(flow, scene, box.current);
  }, [flow, scene]);

  handle.current = useMemo<CanvasHandle>(() => ({
    at(clientX, clientY) {
      const rect = box.current!.getBoundingClientRect();
      const inside = clientX > rect.left && clientX < rect.right && clientY > rect.top && clientY < rect.bottom;
      const point = flow.screenToFlowPosition({ x: clientX, y: clientY });
      return { point, inside, target: inside ? hit(latest.current.shown, latest.current.paths, point) : NOTHING };
    },
    aim: setAim,
    middle() {
      const rect = box.current!.getBoundingClientRect();
      return flow.screenToFlowPosition({ x: rect.left + rect.width / 2 - WIDTH / 2, y: rect.top + rect.height / 2 });
    },
    show(keys) {
      const found = latest.current.scene.items.filter((item) => keys.includes(item.key));
      if (found.length) reveal(flow, found, box.current!.getBoundingClientRect());
    },
    fit: () => fitAll(flow),
  }), [flow]);

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    const picks = changes.filter((change) => change.type === "select");
    if (!picks.length) return;
    const frames = new Set(latest.current.scene.frames.map((frame) => frame.key));
    const selected = new Set([...ui.get().selected].filter((key) => !frames.has(key)));
    for (const pick of picks) pick.selected ? selected.add(pick.id) : selected.delete(pick.id);
    ui.set({ selected, wire: null });
  }, [ui]);

  const moves = (dragged: Node[]): Map<string, Point> => {
    const result = new Map<string, Point>();
    const named = new Set(dragged.map((node) => node.id));
    for (const node of dragged) {
      const item = scene.byKey.get(node.id);
      if (!item) continue;
      const at = dragged.length === 1 ? magnet(scene, item, node.position) : node.position;
      const members = item.head === item.key ? scene.stacks.get(item.key)! : [item.key];
      if (item.head !== item.key && named.has(item.head)) continue;
      for (const key of members) {
        const member = scene.byKey.get(key)!;
        result.set(key, { x: member.at.x + at.x - item.at.x, y: member.at.y + at.y - item.at.y });
      }
    }
    return result;
  };

  const onDrag = (_: unknown, __: Node, dragged: Node[]) => {
    setDrag(moves(dragged));
    if (dragged.length === 1) {
      const item = scene.byKey.get(dragged[0]!.id);
      if (item && loose(scene, item)) setAim({ node: null, wire: hit(shown, paths, centre(dragged[0]!.position, item), new Set([item.key])).wire });
    }
  };

  const onDrop = (_: unknown, __: Node, dragged: Node[]) => {
    const to = moves(dragged);
    setDrag(null);
    setAim(NOTHING);
    const item = dragged.length === 1 ? scene.byKey.get(dragged[0]!.id) : undefined;
    const wire = item && loose(scene, item) ? scene.wires.find((w) => w.key === aim.wire) : undefined;
    if (item && wire?.edge && wire.edge.graph === item.graph) {
      const [from, onto] = wire.edge.pair;
      const [source = "", source_port = ""] = from.split(".");
      const [target = "", target_port = ""] = onto.split(".");
      apply({
        graph: item.graph, label: `insert ${item.node.id}`,
        steps: [
          ["disconnect", { source, target, source_port, target_port }],
          ["connect", { source, target: item.node.id, source_port, target_port: "" }],
          ["connect", { source: item.node.id, target, source_port: "", target_port }],
          ["move", { positions: { [item.node.id]: item.face?.lamina ? null : { x: to.get(item.key)!.x - item.shift.x, y: to.get(item.key)!.y - item.shift.y } } }],
        ],
      });
      return;
    }
    const heads = standing(scene, to, new Set(dragged.map((node) => node.id)));
    const far = [...heads].some(([key, at]) => Math.hypot(at.x - scene.byKey.get(key)!.at.x, at.y - scene.byKey.get(key)!.at.y) > 2);
    if (far) for (const edit of move(view, scene, heads)) apply(edit);
  };

  const onConnectEnd: OnConnectEnd = (event, connection) => {
    setAim(NOTHING);
    const from = connection.fromHandle;
    if (!from) return;
    const spot = "changedTouches" in event ? event.changedTouches[0]! : event;
    const { point, inside, target } = handle.current!.at(spot.clientX, spot.clientY);
    const onto = connection.toHandle?.nodeId ?? target.node;
    const port = connection.toHandle?.id ?? "";
    if (onto && onto !== from.nodeId) {
      const named = connection.toHandle ? port : "";
      const made = from.type === "source"
        ? connect(scene, from.nodeId, from.id ?? "", onto, named)
        : connectBack(scene, from.nodeId, from.id ?? "", onto, named);
      apply(made && seated(view, scene, made));
    } else if (inside && !onto) {
      const kind = from.type === "source" ? "port" : "before";
      const at = { x: point.x - WIDTH / 2, y: kind === "port" ? point.y : point.y - HEIGHT };
      ui.set({ quick: { replace: null, from: { kind, key: from.nodeId, port: from.id ?? "", at } } });
    }
  };

  const onConnectMove = (event: React.PointerEvent) => {
    if (!connecting) return;
    const { target } = handle.current!.at(event.clientX, event.clientY);
    if (target.node !== aim.node) setAim({ node: target.node, wire: null });
  };

  const handlers = useStable({
    onNodeDrag: onDrag, onNodeDragStop: onDrop, onConnectEnd,
    onNodeDragStart: () => setDrag(new Map()),
    onSelectionDragStart: () => setDrag(new Map()),
    onSelectionDrag: (event: unknown, dragged: Node[]) => onDrag(event, dragged[0]!, dragged),
    onSelectionDragStop: (event: unknown, dragged: Node[]) => onDrop(event, dragged[0]!, dragged),
    onNodeClick: (event: React.MouseEvent, node: Node) => { // of several that are selected, React Flow would keep them all
      const several = event.shiftKey || event.ctrlKey || event.metaKey;
      if (!several && ui.get().selected.size > 1) ui.select(node.id);
    },
    onNodeDoubleClick: (_: unknown, node: Node) => {
      const item = scene.byKey.get(node.id);
      if (item?.face?.module) ui.set({ opened: new Set([...state.opened, item.key]) });
      else ui.set({ renaming: node.id });
    },
    onPaneClick: () => ui.set({ selected: new Set(), wire: null }),
    onMoveEnd: (_: unknown, viewport: Viewport) => ui.set({ views: { ...ui.get().views, [place]: viewport } }),
    onChoose: (key: string) => ui.set({ wire: key, selected: new Set() }),
  });
  const { onChoose, ...flowHandlers } = handlers;

  return (
    <div className={`cv ${connecting ? "connecting" : ""} ${far ? "far" : ""}`} ref={box} onPointerMove={onConnectMove} data-testid="canvas">
      <ReactFlow
        nodes={nodes} edges={NO_EDGES} nodeTypes={NODE_TYPES} onNodesChange={onNodesChange} {...flowHandlers}
        connectionLineComponent={Rubber} connectionRadius={14}
        defaultViewport={seen ?? HOME} minZoom={FARTHEST} maxZoom={2}
        deleteKeyCode={null} selectionKeyCode="Shift" multiSelectionKeyCode={SEVERAL}
        onlyRenderVisibleElements disableKeyboardA11y={false} nodesFocusable
        autoPanOnNodeFocus={false} elevateNodesOnSelect={false} nodeDragThreshold={3} zoomOnDoubleClick={false}
        colorMode="light" proOptions={PLAIN}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={2} color="var(--line2)" bgColor="var(--canvas)" />
        <ViewportPortal>
          <Frames scene={shown} />
          <Edges
            scene={drawn} paths={paths} info={info} issue={issue} chosen={state.wire} aim={aim.wire} hover={hover}
            onHover={setHover} onChoose={onChoose}
          />
        </ViewportPortal>
      </ReactFlow>
      <Minimap scene={drawn} paths={paths} issue={issue} size={size} />
      {!drag && <Overlays scene={shown} size={size} />}
      <Zoom />
    </div>
  );
}

const centre = (at: Point, item: Item): Point => ({ x: at.x + WIDTH / 2, y: at.y + item.height / 2 });
const loose = (scene: Scene, item: Item) => !scene.wires.some((wire) => wire.source === item.key || wire.target === item.key);

/** The middle lines of other stacks hold a dragged node, so that trunks stay straight. */
function magnet(scene: Scene, item: Item, at: Point): Point {
  for (const other of scene.items)
    if (other.head === other.key && other.head !== item.head && Math.abs(other.at.x - at.x) < 7) return { x: other.at.x, y: at.y };
  return at;
}

/** At first sight: all of it at up to 100 %, or its beginning where it is long. */
function frameFirst(flow: Flow, scene: Scene, element: HTMLElement | null): void {
  const rect = element?.getBoundingClientRect() ?? { width: 772, height: 770 };
  const left = Math.min(...scene.items.map((item) => item.at.x));
  const right = Math.max(...scene.items.map((item) => item.at.x + WIDTH));
  const top = Math.min(...scene.items.map((item) => item.at.y));
  const bottom = Math.max(...scene.items.map((item) => item.at.y + item.height));
  const fit = Math.min((rect.width - 60) / (right - left), (rect.height - 44) / (bottom - top));
  const zoom = Math.min(1, Math.max(0.6, fit));
  const wide = rect.width / zoom - (right - left);
  const column = right - left < WIDTH * 1.5;
  const room = column ? Math.max(110, Math.min(wide / 2 - 82, wide - CARD_ROOM)) : Math.max(16, wide / 2);
  void flow.setViewport({ x: (room - left) * zoom, y: 20 - top * zoom, zoom });
}

function reveal(flow: Flow, items: Item[], rect: DOMRect): void {
  const { x, y, zoom } = flow.getViewport();
  const left = Math.min(...items.map((item) => item.at.x));
  const right = Math.max(...items.map((item) => item.at.x + WIDTH));
  const top = Math.min(...items.map((item) => item.at.y));
  const bottom = Math.max(...items.map((item) => item.at.y + item.height));
  const seen = left * zoom + x > 0 && right * zoom + x < rect.width && top * zoom + y > 0 && bottom * zoom + y < rect.height;
  if (!seen) void flow.setCenter((left + right) / 2, (top + bottom) / 2, { zoom: Math.max(zoom, 0.6), duration: calm() ? 0 : 200 });
}
