// Which nodes stand in the way of an edge.

import type { Scene, Wire } from "./scene";
import { HEIGHT, WIDTH } from "./stacks";

export type Corner = [number, number];

/** Whether a path of upright and level lines runs behind a node that is not one of its ends. */
export type Crosses = (wire: Wire, corners: readonly Corner[]) => boolean;

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** A node's key, or an opened module's. */
  key: string;
}

const MARGIN = 4;

/** The boxes of the scene, sorted once from top to bottom, so that an edge looks only at those beside it. */
export function crosser(scene: Scene): Crosses {
  const boxes: Box[] = [
    ...scene.items.map(({ key, at, height }) => ({ key, left: at.x, top: at.y, right: at.x + WIDTH, bottom: at.y + height })),
    ...scene.frames.map(({ key, at, width, height }) => ({ key, left: at.x, top: at.y, right: at.x + width, bottom: at.y + height })),
  ].sort((a, b) => a.top - b.top);
  const tallest = boxes.reduce((most, box) => Math.max(most, box.bottom - box.top), HEIGHT);
  return (wire, corners) => {
    const head = (key: string) => scene.byKey.get(key)?.head;
    const [source, target] = [head(wire.source), head(wire.target)];
    const own = (key: string) =>
      head(key) === undefined ? wire.source.startsWith(`${key}/`) || wire.target.startsWith(`${key}/`) : head(key) === source || head(key) === target;
    return corners.slice(1).some((to, index) => {
      const from = corners[index]!;
      const [left, right] = [Math.min(from[0], to[0]) - MARGIN, Math.max(from[0], to[0]) + MARGIN];
      const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
      for (let at = firstFrom(boxes, top - tallest); at < boxes.length && boxes[at]!.top < bottom; at += 1) {
        const box = boxes[at]!;
        if (box.bottom > top && box.left < right && box.right > left && !own(box.key)) return true;
      }
      return false;
    });
  };
}

function firstFrom(boxes: readonly Box[], y: number): number {
  let [low, high] = [0, boxes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (boxes[middle]!.top < y) low = middle + 1;
    else high = middle;
  }
  return low;
}
