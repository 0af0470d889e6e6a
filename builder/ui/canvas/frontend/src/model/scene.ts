// What the canvas shows: the nodes of the open graph, placed and stacked, opened modules drawn as frames in place.

import { ends, graphOf } from "./graph";
import { arrange, complete, shortcuts, type Block, type Link } from "./layout";
import { HEIGHT, LAMINA, SEAM, WIDTH, stackHeight, stacksOf, type Faces } from "./stacks";
import type { Doc, EdgePair, GraphSpec, LayerFace, NodeSpec, Point, PortFace } from "./types";

export interface Item {
  /** Path from the open graph, "block1/conv2"; unique in the scene. */
  key: string;
  /** The graph that holds the node: "model" or "modules.Block". */
  graph: string;
  node: NodeSpec;
  face: LayerFace | undefined;
  inputs: PortFace[];
  outputs: PortFace[];
  at: Point;
  height: number;
  /** Screen place minus stored place, so that a drop is stored where it belongs. */
  shift: Point;
  head: string;
  place: "alone" | "top" | "middle" | "bottom";
  frame: string | null;
}

export interface Wire {
  key: string;
  source: string;
  target: string;
  sourcePort: string;
  targetPort: string;
  /** The edge in its graph; null where it crosses the border of an opened module. */
  edge: { graph: string; pair: EdgePair } | null;
  shortcut: boolean;
  hidden: boolean;
}

export interface Frame {
  key: string;
  /** The graph that holds the module's node. */
  graph: string;
  node: NodeSpec;
  module: string;
  id: string;
  at: Point;
  width: number;
  height: number;
}

export interface Scene {
  items: Item[];
  byKey: Map<string, Item>;
  wires: Wire[];
  frames: Frame[];
  /** Members by the key of their stack's head, top first. */
  stacks: Map<string, string[]>;
}

const FRAME = { top: 32, side: 18, lane: 82, bottom: 14 };

export interface View {
  doc: Doc;
  graph: string;
  faces: Faces;
  opened: ReadonlySet<string>;
  /** Output ports that settings decide, by node (from the check). */
  ports?: Record<string, PortFace[]>;
}

interface Part {
  items: Item[];
  wires: Wire[];
  frames: Frame[];
  width: number;
  height: number;
  /** Where the trunk runs, from the left. */
  trunk: number;
}

/** The faces of layers and of the project's own modules, whose ports are their Input and Output nodes. */
export function facesOf(doc: Doc, layers: Record<string, LayerFace>): Faces {
  const own = new Map<string, LayerFace>();
  for (const [name, graph] of Object.entries(doc.modules)) own.set(name, moduleFace(name, graph));
  return (layer) => own.get(layer) ?? layers[layer];
}

export function moduleFace(name: string, graph: GraphSpec): LayerFace {
  const named = (layer: string): PortFace[] =>
    graph.nodes.filter((node) => node.layer === layer).map((node) => ({ name: node.id, many: false, optional: false }));
  return {
    name, family: "io", help: "Your own module.", params: [], inputs: named("Input"), outputs: named("Output"),
    docs: "", keywords: [], lamina: false, module: true,
  };
}

export function sceneOf(view: View): Scene {
  const part = lay(view, view.graph, "", view.opened, false);
  const byKey = new Map(part.items.map((item) => [item.key, item]));
  const stacks = new Map<string, string[]>();
  for (const item of part.items) stacks.set(item.head, [...(stacks.get(item.head) ?? []), item.key]);
  const links = part.wires.filter((wire) => byKey.get(wire.source) && byKey.get(wire.target));
  const aside = new Set([...shortcuts(headLinks(links, byKey))].map((link) => `${link.source}>${link.target}`));
  const wires = links.map((wire) => {
    const [source, target] = [byKey.get(wire.source)!, byKey.get(wire.target)!];
    const hidden = source.head === target.head;
    return { ...wire, hidden, shortcut: !hidden && aside.has(`${source.head}>${target.head}`) };
  });
  return { items: part.items, byKey, wires, frames: part.frames, stacks };
}

function headLinks(wires: readonly Wire[], byKey: Map<string, Item>): Link[] {
  const links = new Map<string, Link>();
  for (const wire of wires) {
    const [source, target] = [byKey.get(wire.source)!.head, byKey.get(wire.target)!.head];
    if (source !== target) links.set(`${source}>${target}`, { source, target });
  }
  return [...links.values()];
}

function lay(view: View, key: string, path: string, opened: ReadonlySet<string>, inside: boolean): Part {
  const graph = graphOf(view.doc, key);
  const stored = view.doc.positions[key] ?? {};
  const gates = new Set(
    inside ? graph.nodes.filter((node) => node.layer === "Input" || node.layer === "Output").map((node) => node.id) : [],
  );
  const stacks = stacksOf(graph, view.faces, stored, gates);
  const headOf = new Map(stacks.flatMap((stack) => stack.members.map((id) => [id, stack.head] as const)));
  const inner = new Map<string, Part>();
  for (const node of graph.nodes) {
    const full = path + node.id;
    const face = view.faces(node.layer);
    if (opened.has(full) && face?.module && path.split("/").length < 8)
      inner.set(node.id, lay(view, `modules.${node.layer}`, `${full}/`, opened, true));
  }
  const blocks: Block[] = stacks.map((stack) => {
    const frame = inner.get(stack.head);
    return frame
      ? { id: stack.head, width: 2 * Math.max(frame.trunk, frame.width - frame.trunk), height: frame.height }
      : { id: stack.head, width: WIDTH, height: stackHeight(stack.members.length) };
  });
  const links = linksOf(graph, headOf);
  const hand = stacks.some((stack) => stored[stack.head]);
  const places = hand ? displaced(blocks, links, stored, inner) : arrange(blocks, links);
  for (const [id, part] of inner) {
    const middle = places[id]!.x + (hand ? WIDTH : blocks.find((block) => block.id === id)!.width) / 2;
    places[id] = { x: middle - part.trunk, y: places[id]!.y };
  }
  if (!hand && stacks[0]) steady(places, places[stacks[0].head]!);
  return assemble(view, key, path, graph, stacks, places, inner, inside, stored);
}

/** The first node stays where it is whatever is added or opened: only what comes after it moves. */
function steady(places: Record<string, Point>, { x, y }: Point): void {
  for (const [id, at] of Object.entries(places)) places[id] = { x: at.x - x, y: at.y - y };
}

function linksOf(graph: GraphSpec, headOf: Map<string, string>): Link[] {
  const links = new Map<string, Link>();
  for (const pair of graph.edges) {
    const { source, target } = ends(pair);
    const [a, b] = [headOf.get(source), headOf.get(target)];
    if (a !== undefined && b !== undefined && a !== b) links.set(`${a}>${b}`, { source: a, target: b });
  }
  return [...links.values()];
}

/** Stored places with room made for opened modules: what lies below a frame moves down, the file stays as it is. */
function displaced(
  blocks: Block[],
  links: Link[],
  stored: Readonly<Record<string, Point>>,
  inner: Map<string, Part>,
): Record<string, Point> {
  const closed = blocks.map((block) => (inner.has(block.id) ? { ...block, width: WIDTH, height: HEIGHT } : block));
  const places = complete(closed, links, stored);
  const frames = [...inner].sort((a, b) => places[a[0]]!.y - places[b[0]]!.y);
  for (const [id, part] of frames) {
    const at = places[id]!;
    const grow = part.height - HEIGHT;
    for (const block of blocks) {
      const place = places[block.id]!;
      if (block.id !== id && place.y >= at.y + HEIGHT) places[block.id] = { x: place.x, y: place.y + grow };
    }
  }
  return places;
}

function assemble(
  view: View, key: string, path: string, graph: GraphSpec, stacks: ReturnType<typeof stacksOf>,
  places: Record<string, Point>, inner: Map<string, Part>, inside: boolean, stored: Readonly<Record<string, Point>>,
): Part {
  const node = new Map(graph.nodes.map((item) => [item.id, item]));
  const corner = inside ? cornerOf(stacks, places) : { x: 0, y: 0 };
  const origin = inside ? { x: FRAME.lane - corner.x, y: FRAME.top - corner.y } : corner;
  const items: Item[] = [];
  const frames: Frame[] = [];
  const wires: Wire[] = ownWires(graph, key, path);
  for (const stack of stacks) {
    const base = { x: places[stack.head]!.x + origin.x, y: places[stack.head]!.y + origin.y };
    const part = inner.get(stack.head);
    if (part) {
      const full = path + stack.head;
      const use = node.get(stack.head)!;
      frames.push({ key: full, graph: key, node: use, module: use.layer, id: stack.head, at: base, width: part.width, height: part.height });
      for (const frame of part.frames) frames.push({ ...frame, at: add(frame.at, base) });
      for (const item of part.items)
        items.push({ ...item, at: add(item.at, base), shift: add(item.shift, base), frame: item.frame ?? full });
      wires.push(...part.wires);
      continue;
    }
    stack.members.forEach((id, index) => {
      const face = view.faces(node.get(id)!.layer);
      const at = { x: base.x, y: base.y + (index ? HEIGHT + SEAM + (index - 1) * (LAMINA + SEAM) : 0) };
      const home = stored[id] ?? (index ? undefined : places[id]);
      items.push({
        key: path + id, graph: key, node: node.get(id)!, face, at, height: index ? LAMINA : HEIGHT,
        inputs: face?.inputs ?? [], outputs: view.ports?.[path + id] ?? face?.outputs ?? [],
        shift: home ? { x: at.x - home.x, y: at.y - home.y } : origin, head: path + stack.head, frame: null,
        place: stack.members.length === 1 ? "alone" : index === 0 ? "top" : index === stack.members.length - 1 ? "bottom" : "middle",
      });
    });
  }
  const joined = [...inner].reduce((all, [id]) => throughGates(all, path + id, graphOf(view.doc, `modules.${node.get(id)!.layer}`)), wires);
  const width = Math.max(WIDTH, ...items.map((item) => item.at.x + WIDTH), ...frames.map((f) => f.at.x + f.width));
  const height = Math.max(HEIGHT, ...items.map((item) => item.at.y + item.height), ...frames.map((f) => f.at.y + f.height));
  const trunk = (items[0]?.at.x ?? 0) + WIDTH / 2;
  return { items, wires: joined, frames, width: width + FRAME.side, height: height + FRAME.bottom, trunk };
}

const add = (a: Point, b: Point): Point => ({ x: a.x + b.x, y: a.y + b.y });

function cornerOf(stacks: { head: string }[], places: Record<string, Point>): Point {
  if (!stacks.length) return { x: 0, y: 0 };
  return {
    x: Math.min(...stacks.map((stack) => places[stack.head]!.x)),
    y: Math.min(...stacks.map((stack) => places[stack.head]!.y)),
  };
}

function ownWires(graph: GraphSpec, key: string, path: string): Wire[] {
  return graph.edges.map((pair) => {
    const { source, target, sourcePort, targetPort } = ends(pair);
    return {
      key: `${path}${pair[0]}>${pair[1]}`, source: path + source, target: path + target, sourcePort, targetPort,
      edge: { graph: key, pair }, shortcut: false, hidden: false,
    };
  });
}

/** Edges to an opened module run on to the nodes inside: each gate (Input, Output) is joined through. */
function throughGates(wires: Wire[], full: string, module: GraphSpec): Wire[] {
  const inputs = module.nodes.filter((node) => node.layer === "Input").map((node) => node.id);
  const outputs = module.nodes.filter((node) => node.layer === "Output").map((node) => node.id);
  let nextIn = 0;
  const routed = wires.map((wire) => {
    if (wire.target === full) return { ...wire, target: `${full}/${wire.targetPort || (inputs[nextIn++] ?? "")}`, targetPort: "" };
    if (wire.source === full) return { ...wire, source: `${full}/${wire.sourcePort || (outputs[0] ?? "")}`, sourcePort: "" };
    return wire;
  });
  return [...inputs, ...outputs].reduce((all, id) => {
    const gate = `${full}/${id}`;
    const [into, out] = [all.filter((w) => w.target === gate), all.filter((w) => w.source === gate)];
    const kept = all.filter((w) => w.target !== gate && w.source !== gate);
    const joined = into.flatMap((a) =>
      out.map((b) => ({
        ...b, key: `${a.key}|${b.key}`, source: a.source, sourcePort: a.sourcePort, edge: null,
      })),
    );
    return [...kept, ...joined];
  }, routed);
}

const DRAWN = ["key", "graph", "face", "height", "head", "place", "frame", "outputs"] as const;

/** Whether two scenes look the same: equal places, stacks, edges and frames, whatever the settings are. */
export function sameDrawing(a: Scene, b: Scene): boolean {
  const like = (one: Item, other: Item | undefined) =>
    !!other && one.at.x === other.at.x && one.at.y === other.at.y && DRAWN.every((part) => one[part] === other[part]);
  const wired = (one: Wire, other: Wire | undefined) =>
    !!other && one.key === other.key && one.source === other.source && one.target === other.target && one.hidden === other.hidden &&
    one.shortcut === other.shortcut && one.sourcePort === other.sourcePort && one.targetPort === other.targetPort && !one.edge === !other.edge;
  return (
    a.items.length === b.items.length && a.wires.length === b.wires.length && a.frames.length === 0 && b.frames.length === 0 &&
    a.items.every((item, index) => like(item, b.items[index])) && a.wires.every((wire, index) => wired(wire, b.wires[index]))
  );
}
