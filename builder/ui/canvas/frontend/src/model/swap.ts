// Another layer in a node's place.

import { startParams } from "./actions";
import { freshId, shortName } from "./graph";
import { takenIn } from "./lookup";
import type { Item, View } from "./scene";
import type { Edit, LayerFace, Params, Step } from "./types";

/** The settings that the other layer knows too. */
function kept(params: Params, face: LayerFace): Params {
  const names = new Set(face.params.filter((param) => !param.inferred).map((param) => param.name));
  return { ...startParams(face), ...Object.fromEntries(Object.entries(params).filter(([name]) => names.has(name))) };
}

/** Whether the recipe means the node by a pattern of `freeze` or `rates`: then its name is no longer free to change. */
function meant(id: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const last = pattern.split(/[/.]/).at(-1) ?? "";
    const like = last.replace(/[\\^$+()|{}]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".").replaceAll("[!", "[^");
    try { return new RegExp(`^${like}$`).test(id); } catch { return true; }
  });
}

/**
 * What the node is called as that layer: a name that nobody chose ("conv1" of a Conv2d) follows, with its number where that is
 * free. A name of the person's own stays, as does that of a way in or out, to which data is bound, and one the recipe means.
 */
export function nameAs(id: string, layer: string, next: string, taken: ReadonlySet<string>, patterns: readonly string[]): string {
  const [stem, fresh] = [shortName(layer), shortName(next)];
  const number = id.startsWith(stem) ? id.slice(stem.length) : "";
  const bound = [layer, next].some((name) => name === "Input" || name === "Output");
  if (!/^\d+$/.test(number) || stem === fresh || bound || meant(id, patterns)) return id;
  return taken.has(fresh + number) ? freshId(taken, next) : fresh + number;
}

/** The edit, and what the node is called after it. */
export function swapped(view: View, item: Item, face: LayerFace, patterns: readonly string[]): { edit: Edit; name: string } {
  const { id, layer, params } = item.node;
  const name = nameAs(id, layer, face.name, takenIn(view, item.graph), patterns);
  const steps: Step[] = [["set_layer", { id, layer: face.name, params: kept(params, face) }]];
  if (name !== id) steps.push(["rename", { id, new: name }]);
  return { edit: { graph: item.graph, label: `swap ${id} for ${face.name}`, steps }, name };
}
