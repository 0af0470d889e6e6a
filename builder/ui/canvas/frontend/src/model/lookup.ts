// What actions ask of the scene: ids that are taken, stored places, the graph that holds a node.

import { graphOf, ids } from "./graph";
import type { Item, Scene, View } from "./scene";
import { stackHeight } from "./stacks";
import type { Point } from "./types";

/** Between stacks that are placed below each other. */
export const GAP = 20;

export function takenIn(view: View, graph: string): Set<string> {
  return ids(graphOf(view.doc, graph));
}

/** Stored places for everything that has none yet, so that a place given by hand disturbs nothing. */
export function pinned(view: View, scene: Scene, graph: string): Record<string, Point> {
  const stored = view.doc.positions[graph] ?? {};
  const heads = scene.items.filter((item) => item.graph === graph && item.head === item.key);
  if (heads.every((item) => stored[item.node.id])) return {};
  return Object.fromEntries(heads.filter((item) => !stored[item.node.id]).map((item) => [item.node.id, home(item)]));
}

export const home = (item: Item): Point => ({ x: item.at.x - item.shift.x, y: item.at.y - item.shift.y });

export const byHand = (view: View, graph: string) => Object.keys(view.doc.positions[graph] ?? {}).length > 0;

export function bottomOf(scene: Scene, item: Item): number {
  const head = scene.byKey.get(item.head)!;
  return head.at.y + stackHeight(scene.stacks.get(item.head)!.length);
}

export const pathOf = (item: Item): string => item.key.slice(0, item.key.length - item.node.id.length);

/** What is selected by that key: a node, or the module that is opened in place there. */
export function itemAt(scene: Scene, key: string): Item | undefined {
  const frame = scene.frames.find((found) => found.key === key);
  if (!frame) return scene.byKey.get(key);
  const { graph, node, at } = frame;
  return { key, graph, node, face: undefined, inputs: [], outputs: [], at, height: frame.height, shift: { x: 0, y: 0 }, head: key, place: "alone", frame: null };
}

/** Everything of the open graph itself: what stands in a module that is opened in place comes with the module. */
export function everything(scene: Scene): string[] {
  return [...scene.items, ...scene.frames].map((item) => item.key).filter((key) => !key.includes("/"));
}

export function byGraph(scene: Scene, keys: Iterable<string>): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const key of keys) {
    const item = itemAt(scene, key);
    if (item) groups.set(item.graph, [...(groups.get(item.graph) ?? []), item]);
  }
  return groups;
}
