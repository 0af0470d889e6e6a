// Orthogonal edges: from the bottom of one node to the top of the next, shortcuts in a lane beside the trunk.

import { crosser, type Corner, type Crosses } from "./obstacles";
import { HEIGHT, WIDTH } from "./stacks";
import type { Item, Scene, Wire } from "./scene";
import type { Point } from "./types";

export interface Path {
  d: string;
  /** The tip of the arrow and its direction. */
  tip: Point;
  towards: "down" | "right" | "up";
  label: Point;
  /** Where it leaves the trunk, marked by a dot. */
  dot: Point | null;
}

const RADIUS = 10;
const LEAVE = 8;
const LANE = 46;
const NEXT_LANE = 16;
const SPREAD = 22;
const TRIES = 60;

interface Lane {
  x: number;
  top: number;
  bottom: number;
}

/** Where ports stand along an edge of the node: in the middle, or shared out. */
export function portX(index: number, count: number): number {
  return count <= 1 ? WIDTH / 2 : (WIDTH * (index + 1)) / (count + 1);
}

/** The same down the side, for a node with others snapped under it. */
export function portY(index: number, count: number, height: number): number {
  return count <= 1 ? height / 2 : (height * (index + 1)) / (count + 1);
}

export function outPoint(item: Item, port: string, scene: Scene): Point {
  const index = Math.max(0, item.outputs.findIndex((face) => face.name === port));
  const tail = scene.stacks.get(item.head)?.at(-1);
  const last = tail === item.key || item.place === "alone";
  if (!last) return { x: item.at.x + WIDTH, y: item.at.y + portY(index, item.outputs.length, item.height) };
  return { x: item.at.x + portX(index, item.outputs.length), y: item.at.y + item.height };
}

function inPoint(item: Item, wire: Wire, siblings: readonly Wire[]): Point {
  const ports = item.inputs;
  if (ports.length > 1) {
    const named = ports.findIndex((face) => face.name === wire.targetPort);
    const free = ports.findIndex((face) => !siblings.some((other) => other !== wire && other.targetPort === face.name));
    return { x: item.at.x + portX(named >= 0 ? named : Math.max(0, free), ports.length), y: item.at.y };
  }
  const shared = siblings.filter((other) => !other.shortcut);
  const at = shared.indexOf(wire);
  const offset = shared.length > 1 && at >= 0 ? (at - (shared.length - 1) / 2) * SPREAD : 0;
  return { x: item.at.x + WIDTH / 2 + offset, y: item.at.y };
}

/** A path through corners with rounded bends. */
export function rounded(corners: readonly Corner[], radius = RADIUS): string {
  const [first, ...rest] = corners;
  if (!first) return "";
  let d = `M${first[0]} ${first[1]}`;
  rest.forEach((corner, index) => {
    const before = corners[index]!;
    const after = corners[index + 2];
    if (!after) {
      d += `L${corner[0]} ${corner[1]}`;
      return;
    }
    const length = (a: Corner, b: Corner) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
    const r = Math.min(radius, length(before, corner) / 2, length(corner, after) / 2);
    const towards = (from: Corner, to: Corner): Corner => [
      from[0] + Math.sign(to[0] - from[0]) * r,
      from[1] + Math.sign(to[1] - from[1]) * r,
    ];
    const [a, b] = [towards(corner, before), towards(corner, after)];
    d += `L${a[0]} ${a[1]}Q${corner[0]} ${corner[1]} ${b[0]} ${b[1]}`;
  });
  return d;
}

/** All visible edges of the scene by their key. */
export function routes(scene: Scene): Map<string, Path> {
  const into = new Map<string, Wire[]>();
  const out = new Map<string, number>();
  for (const wire of scene.wires) {
    if (wire.hidden) continue;
    into.set(wire.target, [...(into.get(wire.target) ?? []), wire]);
    out.set(portOf(wire), (out.get(portOf(wire)) ?? 0) + 1);
  }
  for (const list of into.values())
    list.sort((a, b) => scene.byKey.get(a.source)!.at.x - scene.byKey.get(b.source)!.at.x);
  const paths = new Map<string, Path>();
  const lanes: Lane[] = [];
  const crosses = crosser(scene);
  for (const wire of scene.wires) {
    if (wire.hidden) continue;
    const [source, target] = [scene.byKey.get(wire.source)!, scene.byKey.get(wire.target)!];
    const from = outPoint(source, wire.sourcePort, scene);
    const siblings = into.get(wire.target)!;
    const to = inPoint(target, wire, siblings);
    const forked = (out.get(portOf(wire)) ?? 0) > 1;
    const side = from.y < source.at.y + source.height;
    const down = to.y >= from.y + 12 && !side;
    if (wire.shortcut && down) {
      const many = siblings.filter((other) => other.shortcut);
      paths.set(wire.key, inLane(scene, from, source, target, lanes, many.indexOf(wire), many.length, forked || source.outputs.length === 1));
    } else if (down) paths.set(wire.key, clear(crosses, wire, from, to, forked, lanes, Math.max(0, siblings.indexOf(wire)), siblings.length));
    else paths.set(wire.key, around(from, to, source, target, side));
  }
  return paths;
}

/** Edges of one output fork from a dot; those of different outputs only cross. */
const portOf = (wire: Wire): string => `${wire.source}.${wire.sourcePort}`;

const REACH = HEIGHT + 12;

/** Down to the target; a long edge that would run behind other nodes takes a lane beside them. */
function clear(crosses: Crosses, wire: Wire, from: Point, to: Point, forked: boolean, lanes: Lane[], index: number, count: number): Path {
  const direct = falling(from, to, forked);
  if (to.y - from.y < REACH) return direct;
  const free = (corners: readonly Corner[]) => !crosses(wire, corners);
  if (free(fall(from, to, forked))) return direct;
  if (free(fall(from, to, !forked)) && Math.abs(from.x - to.x) >= 1) return falling(from, to, !forked, forked);
  const above = to.y - 14 - Math.min(index, 3) * (count > 1 ? 3 : 0);
  const top = from.y + LEAVE;
  const taken = (x: number) => lanes.some((lane) => Math.abs(lane.x - x) < NEXT_LANE && lane.top < above && lane.bottom > top);
  let x = Math.min(from.x, to.x) - WIDTH / 2 - LANE;
  for (let tries = 0; tries < TRIES && (taken(x) || !free([[x, top], [x, above]])); tries += 1) x -= NEXT_LANE;
  lanes.push({ x, top, bottom: above });
  return {
    d: rounded([[from.x, from.y], [from.x, top], [x, top], [x, above], [to.x, above], [to.x, to.y - 5]]),
    tip: { x: to.x, y: to.y - 1 }, towards: "down", dot: forked ? { x: from.x, y: top } : null,
    label: { x: x + 6, y: (top + above) / 2 },
  };
}

function fall(from: Point, to: Point, early: boolean): Corner[] {
  const end: Corner = [to.x, to.y - 5];
  if (Math.abs(from.x - to.x) < 1) return [[from.x, from.y], end];
  const room = to.y - from.y;
  const y = early ? from.y + Math.min(LEAVE + 2, room / 2) : to.y - Math.min(16, room / 2);
  return [[from.x, from.y], [from.x, y], [to.x, y], end];
}

function falling(from: Point, to: Point, early: boolean, forked = early): Path {
  const tip = { x: to.x, y: to.y - 1 };
  const corners = fall(from, to, early);
  if (corners.length === 2) {
    return { d: rounded(corners), tip, towards: "down", dot: null, label: { x: from.x + 10, y: (from.y + to.y) / 2 } };
  }
  const y = corners[1]![1];
  return {
    d: rounded(corners), tip, towards: "down",
    dot: forked ? { x: from.x, y } : null, label: { x: (from.x + to.x) / 2 - 30, y: y - 9 },
  };
}

/** The first place to the left where no other lane runs between these heights; lanes are walked once, for there may be a thousand. */
function freeLane(lanes: readonly Lane[], from: number, top: number, bottom: number): number {
  const taken = lanes.filter((lane) => lane.top < bottom && lane.bottom > top).map((lane) => lane.x).sort((a, b) => b - a);
  let x = from;
  for (const other of taken) while (Math.abs(other - x) < NEXT_LANE) x -= NEXT_LANE;
  return x;
}

function inLane(
  scene: Scene, from: Point, source: Item, target: Item,
  lanes: Lane[], index: number, count: number, dotted: boolean,
): Path {
  const top = from.y + LEAVE;
  const bottom = target.at.y + target.height / 2 + (index - (count - 1) / 2) * 9;
  const beside = scene.items.filter((item) => item.at.y < bottom && item.at.y + item.height > from.y);
  const edge = Math.min(source.at.x, target.at.x, ...beside.map((item) => item.at.x));
  const x = freeLane(lanes, edge - LANE, top, bottom);
  lanes.push({ x, top, bottom });
  return {
    d: rounded([[from.x, from.y], [from.x, top], [x, top], [x, bottom], [target.at.x - 9, bottom]]),
    tip: { x: target.at.x - 4, y: bottom }, towards: "right", dot: dotted ? { x: from.x, y: top } : null,
    label: { x: x - 33, y: (top + bottom) / 2 },
  };
}

function around(from: Point, to: Point, source: Item, target: Item, side: boolean): Path {
  const tip = { x: to.x, y: to.y - 1 };
  const right = Math.max(source.at.x, target.at.x) + WIDTH + 26;
  const above = to.y - 14;
  const start: Corner[] = side ? [[from.x, from.y]] : [[from.x, from.y], [from.x, from.y + 12]];
  const clear = side && to.y > from.y + 20;
  const turn: Corner = clear ? [from.x + 18, from.y] : [right, side ? from.y : from.y + 12];
  return {
    d: rounded([...start, turn, [turn[0], above], [to.x, above], [to.x, to.y - 5]]), tip, towards: "down",
    dot: null, label: { x: turn[0] + 6, y: (from.y + to.y) / 2 },
  };
}

/** The arrowhead as a small triangle. */
export function arrow({ tip, towards }: Path): string {
  const { x, y } = tip;
  if (towards === "right") return `M${x - 7} ${y - 4.5}L${x} ${y}L${x - 7} ${y + 4.5}Z`;
  if (towards === "up") return `M${x - 4} ${y + 6}L${x} ${y}L${x + 4} ${y + 6}Z`;
  return `M${x - 4} ${y - 6}L${x} ${y}L${x + 4} ${y - 6}Z`;
}
