// Graphs and the user's own modules: adding, deleting, renaming, grouping, dissolving.

import type { Result } from "./actions";
import { applyEdit, freshId } from "./graph";
import { byGraph, byHand, home, itemAt, pathOf, takenIn } from "./lookup";
import type { Scene, View } from "./scene";
import type { Doc, Edit, Json, Step } from "./types";

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
  if (byHand(view, graph)) steps.push(["move", { positions: { [id]: home(itemAt(scene, top.head)!) } as unknown as Json }]);
  return { edit: { graph, label: `group into ${name}`, steps }, select: [pathOf(top) + id] };
}

/** A graph of its own, or a module with one Input and one Output. */
export function addGraph(name: string, module: boolean): Edit {
  const nodes = module ? [{ id: "x", layer: "Input" }, { id: "out", layer: "Output" }] : [];
  const edges = module ? [["x", "out"]] : [];
  return { graph: name, label: `add ${name}`, steps: [["add_graph", { name, module, nodes, edges }]] };
}

export function removeGraph(name: string): Edit {
  return { graph: name, label: `delete ${name}`, steps: [["remove_graph", { name }]] };
}

export function renameGraph(name: string, fresh: string): Edit {
  return { graph: name, label: `rename ${name}`, steps: [["rename_graph", { name, new: fresh }]] };
}

/** What is said where an edit would put a module into itself or into one that it contains; Python refuses it as well. */
export function nesting(doc: Doc, edit: Edit): string | null {
  if (!edit.graph.startsWith("modules.")) return null;
  const name = edit.graph.slice(8);
  const { modules } = applyEdit(doc, edit);
  const held = new Set(doc.modules[name]?.nodes.map((node) => node.layer));
  const put = modules[name]?.nodes.map((node) => node.layer).find((layer) => !held.has(layer) && within(modules, layer).has(name));
  return put ? `${name} cannot contain ${put === name ? "itself" : `${put}, which contains ${name}`}: it would never end.` : null;
}

/** A module and all that are inside of it. */
function within(modules: Doc["modules"], name: string): Set<string> {
  const found = new Set([name]);
  for (const each of found) for (const node of modules[each]?.nodes ?? []) if (modules[node.layer]) found.add(node.layer);
  return found;
}
