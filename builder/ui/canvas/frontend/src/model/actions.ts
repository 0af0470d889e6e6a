// What a person does on the canvas, as edits. Pure: each takes what is shown and gives the edit to send.

import { applyEdit, ends, freshId, graphOf, ids } from "./graph";

import { sceneOf, type Item, type Scene, type View, type Wire } from "./scene";
import { WIDTH, isLamina, stackHeight } from "./stacks";
import type { Edit, EdgePair, Fix, Json, LayerFace, NodeSpec, Params, Point, Step } from "./types";

const GAP = 20;

export interface Result {
  edit: Edit;
  /** What to select afterwards, by scene key. */
  select: string[];
}

export function startParams(face: LayerFace): Params {
  return Object.fromEntries(
    face.params.filter((param) => !param.inferred && param.start !== null).map((param) => [param.name, param.start]),
  );
}

function takenIn(view: View, graph: string): Set<string> {
  return ids(graphOf(view.doc, graph));
}

/** Stored places for everything that has none yet, so that a place given by hand disturbs nothing. */
function pinned(view: View, scene: Scene, graph: string): Record<string, Point> {
  const stored = view.doc.positions[graph] ?? {};
  const heads = scene.items.filter((item) => item.graph === graph && item.head === item.key);
  if (heads.every((item) => stored[item.node.id])) return {};
  return Object.fromEntries(heads.filter((item) => !stored[item.node.id]).map((item) => [item.node.id, home(item)]));
}

const home = (item: Item): Point => ({ x: item.at.x - item.shift.x, y: item.at.y - item.shift.y });

const byHand = (view: View, graph: string) => Object.keys(view.doc.positions[graph] ?? {}).length > 0;

function bottomOf(scene: Scene, item: Item): number {
  const head = scene.byKey.get(item.head)!;
  return head.at.y + stackHeight(scene.stacks.get(item.head)!.length);
}

export type Where =
  | { kind: "point"; at: Point }
  | { kind: "after"; key: string }
  | { kind: "edge"; wire: Wire }
  | { kind: "port"; key: string; port: string; at: Point };

/** A new node: at a place, after a node, on an edge, or at the end of a dragged connection. */
export function addLayer(view: View, scene: Scene, face: LayerFace, where: Where, prefix = ""): Result {
  const graph = graphFor(view, scene, where);
  const id = freshId(takenIn(view, graph), face.name);
  const params = startParams(face) as Json;
  const label = `add ${face.name}`;
  const done = (steps: Step[], path: string): Result => ({
    edit: { graph, label, steps: withRoom(view, { graph, label, steps }, id) },
    select: [path + id],
  });
  if (where.kind === "point") {
    const places = { ...pinned(view, scene, graph), [id]: where.at };
    return done([["add_node", { layer: face.name, id, params }], ["move", { positions: places as unknown as Json }]], prefix);
  }
  if (where.kind === "port") {
    const item = scene.byKey.get(where.key)!;
    const steps: Step[] = [
      ["add_node", { layer: face.name, id, params }],
      ["connect", { source: item.node.id, target: id, source_port: where.port, target_port: "" }],
    ];
    if (!isLamina(face)) steps.push(["move", { positions: { ...pinned(view, scene, graph), [id]: where.at } as unknown as Json }]);
    return done(steps, pathOf(item));
  }
  if (where.kind === "edge" && where.wire.edge && face.inputs.length && face.outputs.length) {
    const source = scene.byKey.get(where.wire.source)!;
    return done(
      [["insert_on_edge", { edge: where.wire.edge.pair, layer: face.name, id, params }], ...spot(view, scene, source, face, id)],
      pathOf(source),
    );
  }
  const key = where.kind === "after" ? where.key : where.kind === "edge" ? where.wire.source : "";
  const item = scene.byKey.get(key)!;
  return done(after(view, scene, item, face, id, params), pathOf(item));
}

function graphFor(view: View, scene: Scene, where: Where): string {
  if (where.kind === "point") return view.graph;
  const key = where.kind === "edge" ? where.wire.source : where.key;
  return where.kind === "edge" && where.wire.edge ? where.wire.edge.graph : (scene.byKey.get(key)?.graph ?? view.graph);
}

const pathOf = (item: Item): string => item.key.slice(0, item.key.length - item.node.id.length);

function spot(view: View, scene: Scene, before: Item, face: LayerFace, id: string): Step[] {
  if (!byHand(view, before.graph) || (isLamina(face) && before.node.layer !== "Input")) return [];
  const head = scene.byKey.get(before.head)!;
  const at = { x: home(head).x, y: bottomOf(scene, before) + GAP - head.shift.y };
  return [["move", { positions: { [id]: at } as unknown as Json }]];
}

function after(view: View, scene: Scene, item: Item, face: LayerFace, id: string, params: Json): Step[] {
  const add: Step = ["add_node", { layer: face.name, id, params }];
  if (!face.inputs.length) return [add];
  if (item.node.layer === "Output" || !item.outputs.length) {
    const before = scene.wires.find((wire) => wire.target === item.key && wire.edge);
    if (!before?.edge || !face.outputs.length) return [add];
    const source = scene.byKey.get(before.source)!;
    return [["insert_on_edge", { edge: before.edge.pair, layer: face.name, id, params }], ...spot(view, scene, source, face, id)];
  }
  const out = scene.wires.filter((wire) => wire.source === item.key && wire.edge);
  if (out.length === 1 && face.outputs.length)
    return [["insert_on_edge", { edge: out[0]!.edge!.pair, layer: face.name, id, params }], ...spot(view, scene, item, face, id)];
  const steps: Step[] = [add, ["connect", { source: item.node.id, target: id, source_port: "", target_port: "" }]];
  if (out.length > 1 && face.outputs.length)
    for (const wire of out) {
      const [, target] = wire.edge!.pair;
      const end = ends(wire.edge!.pair);
      steps.push(["disconnect", { source: end.source, target: end.target, source_port: end.sourcePort, target_port: end.targetPort }]);
      const [name = "", port = ""] = target.split(".");
      steps.push(["connect", { source: id, target: name, source_port: "", target_port: port }]);
    }
  return [...steps, ...spot(view, scene, item, face, id)];
}

/** The steps with one more that moves down what the new node would stand on. */
function withRoom(view: View, edit: Edit, id: string): Step[] {
  const doc = applyEdit(view.doc, edit);
  const stored = doc.positions[edit.graph] ?? {};
  if (!Object.keys(stored).length) return edit.steps;
  const scene = sceneOf({ ...view, doc, graph: edit.graph, opened: new Set() });
  const item = scene.byKey.get(id);
  if (!item) return edit.steps;
  const bottom = bottomOf(scene, item);
  const top = scene.byKey.get(item.head)!.at;
  const below = scene.items.filter(
    (other) =>
      other.head === other.key && other.head !== item.head && other.at.y >= top.y && Math.abs(other.at.x - top.x) < WIDTH,
  );
  const need = Math.max(0, ...below.map((other) => bottom + GAP - other.at.y));
  if (!need) return edit.steps;
  const from = Math.min(...below.map((other) => other.at.y));
  const places = Object.fromEntries(
    scene.items
      .filter((other) => other.head === other.key && other.head !== item.head && other.at.y >= from)
      .map((other) => [other.node.id, { x: other.at.x, y: other.at.y + need }]),
  );
  return [...edit.steps, ["move", { positions: places as unknown as Json }]];
}

/** Where a double click or quick add puts a layer: after the selection, else after the one loose end, else free. */
export function whereNext(scene: Scene, selected: ReadonlySet<string>, middle: Point): Where {
  const chosen = [...selected].filter((key) => scene.byKey.has(key));
  if (chosen.length === 1) return { kind: "after", key: chosen[0]! };
  const sources = new Set(scene.wires.map((wire) => wire.source));
  const loose = scene.items.filter((item) => !sources.has(item.key));
  if (!chosen.length && loose.length === 1) return { kind: "after", key: loose[0]!.key };
  return { kind: "point", at: middle };
}

/** An edge; an input that takes only one gives up the edge it had. */
export function connect(scene: Scene, source: string, sourcePort: string, target: string, targetPort: string): Edit | null {
  const [from, to] = [scene.byKey.get(source), scene.byKey.get(target)];
  if (!from || !to || from.graph !== to.graph || from === to || !to.inputs.length || !from.outputs.length) return null;
  const existing = scene.wires.filter((wire) => wire.target === target && wire.edge);
  if (existing.some((wire) => wire.source === source && wire.sourcePort === sourcePort && (!targetPort || wire.targetPort === targetPort)))
    return null;
  const steps: Step[] = [];
  const port = targetPort || freePort(to, existing);
  const face = to.inputs.find((input) => input.name === port) ?? to.inputs[0]!;
  if (!face.many) {
    const named = to.inputs.length > 1;
    for (const wire of existing.filter((wire) => !named || wire.targetPort === port)) {
      const end = ends(wire.edge!.pair);
      steps.push(["disconnect", { source: end.source, target: end.target, source_port: end.sourcePort, target_port: end.targetPort }]);
    }
  }
  const target_port = to.inputs.length > 1 ? port : "";
  const source_port = from.outputs.length > 1 ? sourcePort || from.outputs[0]!.name : "";
  steps.push(["connect", { source: from.node.id, target: to.node.id, source_port, target_port }]);
  return { graph: from.graph, label: `connect ${from.node.id} to ${to.node.id}`, steps };
}

function freePort(item: Item, existing: readonly Wire[]): string {
  const used = new Set(existing.map((wire) => wire.targetPort));
  const free = item.inputs.find((input) => input.many || !used.has(input.name));
  return (free ?? item.inputs[0])?.name ?? "";
}

function byGraph(scene: Scene, keys: Iterable<string>): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const key of keys) {
    const item = scene.byKey.get(key);
    if (item) groups.set(item.graph, [...(groups.get(item.graph) ?? []), item]);
  }
  return groups;
}

export function remove(scene: Scene, keys: Iterable<string>): Edit[] {
  return [...byGraph(scene, keys)].map(([graph, items]) => {
    const gone = items.map((item) => item.node.id);
    return { graph, label: `delete ${gone.join(", ")}`, steps: [["remove", { ids: gone, heal: true }]] };
  });
}

export function cut(wire: Wire): Edit | null {
  if (!wire.edge) return null;
  const end = ends(wire.edge.pair);
  const args = { source: end.source, target: end.target, source_port: end.sourcePort, target_port: end.targetPort };
  return { graph: wire.edge.graph, label: `disconnect ${end.source} from ${end.target}`, steps: [["disconnect", args]] };
}

/** Take a node out of the flow but keep it: what came in goes straight to where it went. */
export function bypass(view: View, scene: Scene, key: string): Edit | null {
  const item = scene.byKey.get(key);
  if (!item) return null;
  const edges = graphOf(view.doc, item.graph).edges;
  const touching = edges.map((pair) => ({ pair, end: ends(pair) })).filter(({ end }) => end.source === item.node.id || end.target === item.node.id);
  const into = touching.filter(({ end }) => end.target === item.node.id);
  if (!touching.length || !into.length) return null;
  const [before] = into;
  const fresh: EdgePair[] = edges.flatMap((pair): EdgePair[] => {
    const end = ends(pair);
    if (end.target === item.node.id) return [];
    if (end.source === item.node.id) return [[before!.pair[0], pair[1]]];
    return [pair];
  });
  const nodes = graphOf(view.doc, item.graph).nodes;
  const aside = { ...pinned(view, scene, item.graph), [item.node.id]: { x: home(item).x + WIDTH + 60, y: home(item).y } };
  return {
    graph: item.graph, label: `bypass ${item.node.id}`,
    steps: [["replace", { nodes: nodes as unknown as Json, edges: fresh as unknown as Json }], ["move", { positions: aside as unknown as Json }]],
  };
}

export interface Clip {
  lamina: "nodes";
  nodes: NodeSpec[];
  edges: EdgePair[];
  positions: Record<string, Point>;
}

export function copied(view: View, scene: Scene, keys: Iterable<string>): Clip | null {
  const [first] = byGraph(scene, keys);
  if (!first) return null;
  const [graph, items] = first;
  const chosen = new Set(items.map((item) => item.node.id));
  return {
    lamina: "nodes",
    nodes: items.map((item) => item.node),
    edges: graphOf(view.doc, graph).edges.filter((pair) => chosen.has(ends(pair).source) && chosen.has(ends(pair).target)),
    positions: Object.fromEntries(items.filter((item) => item.head === item.key).map((item) => [item.node.id, home(item)])),
  };
}

const isName = (value: unknown): value is string => typeof value === "string" && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(value);
const isEnd = (value: unknown): boolean => typeof value === "string" && value.split(".").length <= 2 && value.split(".").every(isName);

/** What the clipboard holds, or null where it is not from Lamina. */
export function readClip(content: string): Clip | null {
  if (content.length > 2_000_000 || !content.includes('"lamina"')) return null;
  try {
    const clip = JSON.parse(content) as Partial<Clip>;
    const nodes = Array.isArray(clip.nodes) && clip.nodes.every((node) => isName(node?.id) && typeof node.layer === "string" && typeof node.params === "object");
    const edges = Array.isArray(clip.edges) && clip.edges.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isEnd));
    return clip.lamina === "nodes" && nodes && edges ? { ...(clip as Clip), positions: clip.positions ?? {} } : null;
  } catch {
    return null;
  }
}

export function paste(view: View, scene: Scene, clip: Clip, offset: Point = { x: 40, y: 40 }): Result {
  const taken = takenIn(view, view.graph);
  const names = new Map<string, string>();
  const steps: Step[] = [];
  for (const node of clip.nodes) {
    const id = taken.has(node.id) ? numbered(taken, node.id) : node.id;
    taken.add(id);
    names.set(node.id, id);
    steps.push(["add_node", { layer: node.layer, id, params: node.params }]);
  }
  for (const pair of clip.edges) {
    const end = ends(pair);
    steps.push(["connect", {
      source: names.get(end.source) ?? "", target: names.get(end.target) ?? "", source_port: end.sourcePort, target_port: end.targetPort,
    }]);
  }
  const places: Record<string, Point> = pinned(view, scene, view.graph);
  for (const [id, point] of Object.entries(clip.positions)) {
    const fresh = names.get(id);
    if (fresh) places[fresh] = { x: point.x + offset.x, y: point.y + offset.y };
  }
  steps.push(["move", { positions: places as unknown as Json }]);
  return { edit: { graph: view.graph, label: `paste ${clip.nodes.length} layers`, steps }, select: [...names.values()] };
}

function numbered(taken: ReadonlySet<string>, id: string): string {
  const stem = id.replace(/\d+$/, "") || id;
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}

/** Moves of a drag. A lamina that is dropped near its place snaps back, else it stands for itself. */
export function move(view: View, scene: Scene, moves: Map<string, Point>): Edit[] {
  const groups = byGraph(scene, moves.keys());
  return [...groups].map(([graph, items]) => {
    const places: Record<string, Point | null> = { ...pinned(view, scene, graph) };
    for (const item of items) {
      const to = moves.get(item.key)!;
      const stacked = item.head !== item.key;
      const far = Math.abs(to.x - item.at.x) > 24 || Math.abs(to.y - item.at.y) > 18;
      if (stacked && !far) continue;
      const at = { x: Math.round(to.x - item.shift.x), y: Math.round(to.y - item.shift.y) };
      places[item.node.id] = snaps(view, scene, item, to) ? null : at;
    }
    return { graph, label: `move ${items.map((item) => item.node.id).join(", ")}`, steps: [["move", { positions: places as unknown as Json }]] };
  });
}

/** Whether a lamina that stood for itself was brought back under the layer before it. */
function snaps(view: View, scene: Scene, item: Item, to: Point): boolean {
  if (item.head !== item.key || !isLamina(item.face)) return false;
  const into = scene.wires.filter((wire) => wire.target === item.key);
  const before = into.length === 1 ? scene.byKey.get(into[0]!.source) : undefined;
  if (!before || before.graph !== item.graph || !view.doc.positions[item.graph]?.[item.node.id]) return false;
  const head = scene.byKey.get(before.head)!;
  return Math.abs(to.x - head.at.x) < 40 && Math.abs(to.y - bottomOf(scene, before)) < 16;
}

export function tidy(view: View, scene: Scene, graph: string): Edit {
  const stored = view.doc.positions[graph] ?? {};
  const gone = Object.fromEntries(Object.keys(stored).map((id) => [id, null]));
  const bare: View = { ...view, doc: { ...view.doc, positions: { ...view.doc.positions, [graph]: {} } }, graph, opened: new Set() };
  const plain = sceneOf(bare);
  const heads = plain.items.filter((item) => item.head === item.key);
  const corner = scene.items.length ? plain.items[0] : undefined;
  const places = corner ? Object.fromEntries(heads.map((item) => [item.node.id, item.at])) : {};
  return { graph, label: "tidy the layout", steps: [["move", { positions: { ...gone, ...places } as unknown as Json }]] };
}

export type Alignment = "left" | "top" | "spread";

export function align(view: View, scene: Scene, keys: Iterable<string>, how: Alignment): Edit | null {
  const heads = [...new Set([...keys].map((key) => scene.byKey.get(key)?.head ?? ""))].map((key) => scene.byKey.get(key)!).filter(Boolean);
  if (heads.length < 2) return null;
  const graph = heads[0]!.graph;
  const places: Record<string, Point> = { ...pinned(view, scene, graph) };
  const [left, top] = [Math.min(...heads.map((item) => item.at.x)), Math.min(...heads.map((item) => item.at.y))];
  if (how === "spread") {
    const order = [...heads].sort((a, b) => a.at.y - b.at.y);
    const heights = order.map((item) => stackHeight(scene.stacks.get(item.key)?.length ?? 1));
    const span = order.at(-1)!.at.y + heights.at(-1)! - order[0]!.at.y;
    const gap = Math.max(GAP, (span - heights.reduce((a, b) => a + b, 0)) / (order.length - 1));
    let y = order[0]!.at.y;
    order.forEach((item, index) => {
      places[item.node.id] = { x: home(item).x, y: Math.round(y - item.shift.y) };
      y += heights[index]! + gap;
    });
  } else
    for (const item of heads)
      places[item.node.id] = {
        x: (how === "left" ? left : item.at.x) - item.shift.x,
        y: (how === "top" ? top : item.at.y) - item.shift.y,
      };
  const words = { left: "align left", top: "align tops", spread: "share out the space" }[how];
  return { graph, label: words, steps: [["move", { positions: places as unknown as Json }]] };
}

export function repair(graph: string, fix: Fix): Edit {
  return { graph, label: fix.label, steps: fix.edits.map(([operation, args]): Step => [operation, args]) };
}

/** What is inside of a module in the place of its node. */
export function ungroup(graph: string, id: string): Edit {
  return { graph, label: `ungroup ${id}`, steps: [["ungroup", { id }]] };
}

/** The same for what is selected, where that is one module, opened in place or not. */
export function ungroupSelected(scene: Scene, selected: ReadonlySet<string>): Edit | null {
  const [only = ""] = selected.size === 1 ? [...selected] : [];
  const frame = scene.frames.find((found) => found.key === only);
  if (frame) return ungroup(frame.graph, frame.id);
  const item = scene.byKey.get(only);
  return item?.face?.module ? ungroup(item.graph, item.node.id) : null;
}

/** The module under another name, wherever it is used. */
export function renameModule(graph: string, name: string, fresh: string): Edit {
  return { graph, label: `rename ${name}`, steps: [["rename_module", { name, new: fresh }]] };
}

/** The selection as a module of its own; a sentence where that cannot be. Python makes its inputs and outputs. */
export function group(view: View, scene: Scene, keys: Iterable<string>): Result | string {
  const groups = byGraph(scene, keys);
  if (groups.size !== 1) return "Select layers of one graph.";
  const [graph, items] = [...groups][0]!;
  if (items.some((item) => item.node.layer === "Input" || item.node.layer === "Output"))
    return "Input and Output stay outside of a module; select only the layers between them.";
  const taken = Object.keys(view.doc.modules);
  const name = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => (letter === "A" ? "Block" : `Block${letter}`)).find((free) => !taken.includes(free));
  if (!name) return "There are 26 blocks already; rename some of them first.";
  const id = freshId(takenIn(view, graph), name);
  const top = [...items].sort((a, b) => a.at.y - b.at.y)[0]!;
  const steps: Step[] = [["group", { ids: items.map((item) => item.node.id), name }]];
  if (byHand(view, graph)) steps.push(["move", { positions: { [id]: home(scene.byKey.get(top.head)!) } as unknown as Json }]);
  return { edit: { graph, label: `group into ${name}`, steps }, select: [pathOf(top) + id] };
}
