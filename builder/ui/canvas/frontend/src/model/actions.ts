// What a person does on the canvas, as edits. Pure: each takes what is shown and gives the edit to send.

import { applyEdit, ends, freshId, graphOf } from "./graph";
import { GAP, bottomOf, byGraph, byHand, home, pathOf, pinned, takenIn } from "./lookup";
import { sceneOf, type Item, type Scene, type View, type Wire } from "./scene";
import { SEAM, WIDTH, isLamina } from "./stacks";
import type { Edit, EdgePair, Fix, Json, LayerFace, Params, Point, Step } from "./types";

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

export type Where =
  | { kind: "point"; at: Point }
  | { kind: "after"; key: string }
  | { kind: "edge"; wire: Wire }
  | { kind: "port"; key: string; port: string; at: Point }
  | { kind: "before"; key: string; port: string; at: Point };

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
  if (where.kind === "before") {
    const item = scene.byKey.get(where.key)!;
    const held = arriving(scene, item, where.port);
    const port = item.inputs.find((input) => input.name === where.port);
    const [wire] = held;
    if (wire?.edge && held.length === 1 && face.inputs.length && !port?.many) return addLayer(view, scene, face, { kind: "edge", wire }, prefix);
    const steps: Step[] = port?.many ? [] : held.flatMap((one) => cut(one)?.steps ?? []);
    steps.push(["add_node", { layer: face.name, id, params }]);
    steps.push(["connect", { source: id, target: item.node.id, source_port: "", target_port: item.inputs.length > 1 ? where.port : "" }]);
    steps.push(["move", { positions: { ...pinned(view, scene, graph), [id]: where.at } as unknown as Json }]);
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

/** The edit with what it tears off a stack standing below that stack, not wherever there is room. */
export function seated(view: View, scene: Scene, edit: Edit): Edit {
  if (!byHand(view, edit.graph)) return edit;
  const stored = view.doc.positions[edit.graph] ?? {};
  const after = sceneOf({ ...view, doc: applyEdit(view.doc, edit), graph: edit.graph, opened: new Set() });
  const torn = scene.items.filter(
    (item) => item.graph === edit.graph && item.head !== item.key && !stored[item.node.id] && after.byKey.get(item.node.id)?.head === item.node.id,
  );
  return torn.reduce((now, item) => {
    const at = { x: home(scene.byKey.get(item.head)!).x, y: home(item).y - SEAM + GAP };
    const moved: Edit = { ...now, steps: [...now.steps, ["move", { positions: { [item.node.id]: at } as unknown as Json }]] };
    return { ...moved, steps: withRoom(view, moved, item.node.id) };
  }, edit);
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

/**
 * A connection drawn backwards, from an input to a node: that node's result comes in there from now on. Where the node comes
 * later, that would close a circle: then it is the end of the edge that was taken along, and goes to that node.
 */
export function connectBack(scene: Scene, target: string, port: string, onto: string, ontoPort: string): Edit | null {
  const item = scene.byKey.get(target);
  const into = item ? arriving(scene, item, port) : [];
  const behind = into.length === 1 && follows(scene, target, onto);
  if (!behind) return connect(scene, onto, ontoPort, target, port);
  const [held] = into;
  const made = connect(scene, held!.source, held!.sourcePort, onto, "");
  const gone = cut(held!);
  if (!gone || gone.graph !== scene.byKey.get(onto)?.graph) return null;
  return made ? { ...made, label: `move the edge of ${scene.byKey.get(held!.source)!.node.id} to ${scene.byKey.get(onto)!.node.id}`, steps: [...gone.steps, ...made.steps] } : null;
}

/** The edges that end at an input; a node with one input need not name it. */
function arriving(scene: Scene, item: Item, port: string): Wire[] {
  return scene.wires.filter((wire) => wire.target === item.key && wire.edge && (item.inputs.length < 2 || wire.targetPort === port));
}

/** Whether data comes from the one node to the other. */
function follows(scene: Scene, from: string, to: string): boolean {
  const reached = new Set([from]);
  for (const key of reached) for (const wire of scene.wires) if (wire.source === key) reached.add(wire.target);
  return reached.has(to);
}

function freePort(item: Item, existing: readonly Wire[]): string {
  const used = new Set(existing.map((wire) => wire.targetPort));
  const free = item.inputs.find((input) => input.many || !used.has(input.name));
  return (free ?? item.inputs[0])?.name ?? "";
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

/** A proposal taken over; what it adds gets room, as what a person adds does. */
export function repair(view: View, graph: string, fix: Fix): Edit {
  const edit: Edit = { graph, label: fix.label, steps: fix.edits.map(([operation, args]): Step => [operation, args]) };
  return newIn(view, edit).reduce((now, id) => ({ ...now, steps: withRoom(view, now, id) }), edit);
}

/** The nodes that an edit makes. */
export function newIn(view: View, edit: Edit): string[] {
  const before = takenIn(view, edit.graph);
  return graphOf(applyEdit(view.doc, edit), edit.graph).nodes.map((node) => node.id).filter((id) => !before.has(id));
}
