// Where nodes stand: drags, alignment, the automatic layout.

import { GAP, bottomOf, byGraph, home, pinned } from "./lookup";
import { sceneOf, type Item, type Scene, type View } from "./scene";
import { isLamina, stackHeight } from "./stacks";
import type { Edit, Json, Point } from "./types";

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

/** What of a drag gets a place of its own: heads, which their stacks follow, and what is drawn out of a stack whose head stays. */
export function standing(scene: Scene, to: ReadonlyMap<string, Point>, dragged: ReadonlySet<string>): Map<string, Point> {
  return new Map([...to].filter(([key]) => {
    const { head } = scene.byKey.get(key)!;
    return head === key || (dragged.has(key) && !dragged.has(head));
  }));
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
