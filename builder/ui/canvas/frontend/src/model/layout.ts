// Where stacks stand: dagre for the trunk and its branches; shortcuts are left out and run in a lane beside it.

import dagre from "@dagrejs/dagre";

import type { Point } from "./types";

export interface Block {
  id: string;
  width: number;
  height: number;
}

export interface Link {
  source: string;
  target: string;
}

const GAP = 20;
const FORK = 16;
const SIDE = 48;
const ROW = 1600;
/** How much wider than high the rows of unconnected pieces are together. */
const SHAPE = 1.3;

/** The links that another way round makes redundant for the order: residual and dense shortcuts. */
export function shortcuts(links: readonly Link[]): Set<Link> {
  const next = new Map<string, Set<string>>();
  for (const link of links) {
    if (link.source === link.target) continue;
    if (!next.has(link.source)) next.set(link.source, new Set());
    next.get(link.source)!.add(link.target);
  }
  const found = new Set<Link>();
  for (const link of links) {
    const others = [...(next.get(link.source) ?? [])].filter((id) => id !== link.target);
    if (others.length && reaches(next, others, link.target)) found.add(link);
  }
  return found;
}

function reaches(next: Map<string, Set<string>>, from: string[], goal: string): boolean {
  const seen = new Set(from);
  const stack = [...from];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (id === goal) return true;
    for (const after of next.get(id) ?? []) {
      if (!seen.has(after)) {
        seen.add(after);
        stack.push(after);
      }
    }
  }
  return false;
}

/** The links of the longest way through, which the layout keeps straight. */
function longest(blocks: readonly Block[], links: readonly Link[]): Set<string> {
  const depth = new Map(blocks.map((block) => [block.id, 0]));
  const before = new Map<string, string>();
  for (let round = 0; round < blocks.length; round += 1) {
    let moved = false;
    for (const { source, target } of links) {
      const next = depth.get(source)! + 1;
      if (next <= depth.get(target)! || next >= blocks.length) continue;
      depth.set(target, next);
      before.set(target, source);
      moved = true;
    }
    if (!moved) break;
  }
  const [last] = [...depth].sort((a, b) => b[1] - a[1]);
  const way = new Set<string>();
  for (let id = last?.[0]; id !== undefined; ) {
    const source = before.get(id);
    if (source === undefined || way.has(`${source}>${id}`)) break; // a circle, until it is refused, has no beginning
    way.add(`${source}>${id}`);
    id = source;
  }
  return way;
}

const arranged = new Map<string, Record<string, Point>>();
const REMEMBERED = 16;

/** Top left corners for all blocks; remembered, because most edits leave the structure as it is. */
export function arrange(blocks: readonly Block[], links: readonly Link[]): Record<string, Point> {
  const key = JSON.stringify([blocks, links]);
  const known = arranged.get(key);
  if (known) return { ...known };
  const places = laid(blocks, links);
  arranged.set(key, places);
  const [oldest] = arranged.keys();
  if (arranged.size > REMEMBERED && oldest !== undefined) arranged.delete(oldest);
  return { ...places };
}

function laid(blocks: readonly Block[], links: readonly Link[]): Record<string, Point> {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", ranksep: GAP, nodesep: SIDE, edgesep: 16, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  const aside = shortcuts(links);
  const trunk = longest(blocks, links);
  const forks = new Map<string, number>();
  for (const link of links) forks.set(link.source, (forks.get(link.source) ?? 0) + 1);
  const extra = (id: string) => ((forks.get(id) ?? 0) > 1 ? FORK : 0);
  for (const block of blocks)
    graph.setNode(block.id, { width: block.width, height: block.height + extra(block.id) });
  links.forEach((link, index) => {
    if (aside.has(link) || link.source === link.target) return;
    graph.setEdge(link.source, link.target, { weight: trunk.has(`${link.source}>${link.target}`) ? 12 : 1 }, String(index));
  });
  dagre.layout(graph);
  const places: Record<string, Point> = {};
  for (const block of blocks) {
    const { x, y } = graph.node(block.id) as Point;
    places[block.id] = {
      x: Math.round(x - block.width / 2),
      y: Math.round(y - (block.height + extra(block.id)) / 2),
    };
  }
  return rows(blocks, links, places);
}

/** Pieces that nothing connects, in rows: side by side, hundreds of them would be one line that no window holds. */
function rows(blocks: readonly Block[], links: readonly Link[], places: Record<string, Point>): Record<string, Point> {
  const pieces = piecesOf(blocks, links).map((piece) => {
    const [left, top] = [Math.min(...piece.map((block) => places[block.id]!.x)), Math.min(...piece.map((block) => places[block.id]!.y))];
    const right = Math.max(...piece.map((block) => places[block.id]!.x + block.width));
    const bottom = Math.max(...piece.map((block) => places[block.id]!.y + block.height));
    return { piece, left, top, width: right - left, height: bottom - top };
  });
  const line = pieces.reduce((sum, piece) => sum + piece.width + SIDE, -SIDE);
  const area = pieces.reduce((sum, piece) => sum + (piece.width + SIDE) * (piece.height + SIDE), 0);
  const limit = Math.max(ROW, Math.sqrt(area * SHAPE), ...pieces.map((piece) => piece.width));
  if (pieces.length < 2 || line <= limit) return places;
  const packed: Record<string, Point> = {};
  let [x, y, tall] = [0, 0, 0];
  for (const { piece, left, top, width, height } of pieces) {
    if (x && x + width > limit) [x, y, tall] = [0, y + tall + SIDE, 0];
    for (const block of piece) packed[block.id] = { x: places[block.id]!.x - left + x, y: places[block.id]!.y - top + y };
    [x, tall] = [x + width + SIDE, Math.max(tall, height)];
  }
  return packed;
}

function piecesOf(blocks: readonly Block[], links: readonly Link[]): Block[][] {
  const near = new Map<string, string[]>(blocks.map((block) => [block.id, []]));
  for (const { source, target } of links) {
    near.get(source)!.push(target);
    near.get(target)!.push(source);
  }
  const place = new Map<string, number>();
  let count = 0;
  for (const { id } of blocks) {
    if (place.has(id)) continue;
    const piece = new Set([id]);
    for (const one of piece) for (const other of near.get(one)!) piece.add(other);
    for (const one of piece) place.set(one, count);
    count += 1;
  }
  const pieces: Block[][] = Array.from({ length: count }, () => []);
  for (const block of blocks) pieces[place.get(block.id)!]!.push(block);
  return pieces;
}

/** Places for all blocks: the stored ones, and for the rest one under what leads to them, on free ground. */
export function complete(
  blocks: readonly Block[],
  links: readonly Link[],
  stored: Readonly<Record<string, Point>>,
): Record<string, Point> {
  const missing = blocks.filter((block) => !stored[block.id]);
  if (missing.length === blocks.length) return arrange(blocks, links);
  const places: Record<string, Point> = {};
  const size = new Map(blocks.map((block) => [block.id, block]));
  for (const block of blocks) if (stored[block.id]) places[block.id] = stored[block.id]!;
  const before = (id: string) => links.find((link) => link.target === id && places[link.source])?.source;
  const after = (id: string) => links.find((link) => link.source === id && places[link.target])?.target;
  let rest = missing;
  while (rest.length) {
    const block = rest.find((item) => before(item.id)) ?? rest.find((item) => after(item.id)) ?? rest[0]!;
    rest = rest.filter((item) => item !== block);
    const [above, below] = [before(block.id), after(block.id)];
    let spot: Point;
    if (above) {
      const [at, over] = [places[above]!, size.get(above)!];
      spot = { x: at.x + (over.width - block.width) / 2, y: at.y + over.height + GAP };
    } else if (below) {
      spot = { x: places[below]!.x, y: places[below]!.y - block.height - GAP };
    } else {
      const known = Object.values(places);
      spot = { x: Math.min(...known.map((p) => p.x)), y: Math.min(...known.map((p) => p.y)) - block.height - GAP };
    }
    places[block.id] = free(spot, block, places, size);
  }
  return places;
}

function free(spot: Point, block: Block, places: Record<string, Point>, size: Map<string, Block>): Point {
  const hit = (at: Point) =>
    Object.entries(places).some(([id, other]) => {
      const box = size.get(id)!;
      return (
        at.x < other.x + box.width + 8 && other.x < at.x + block.width + 8 &&
        at.y < other.y + box.height + 8 && other.y < at.y + block.height + 8
      );
    });
  for (let step = 0; step < 200; step += 1) {
    const at = { x: spot.x + step * (block.width + SIDE), y: spot.y };
    if (!hit(at)) return at;
  }
  return spot;
}
