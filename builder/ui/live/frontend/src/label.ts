/** Where a point's label stands without covering a curve. */

export interface Spot { x: number; y: number }
export interface Frame { left: number; top: number; width: number; height: number }

const HEIGHT = 12;
const OFFSETS = [20, -10, 38, -28, 56, -46];
const SHIFTS = [0, -1, -0.5];
const CLOSE = 3;

/** The points of a curve with more between those that lie far apart: a line of few epochs covers as much as one of many. */
export function along(points: Spot[], gap = 6): Spot[] {
  return points.flatMap((to, i) => {
    const from = points[i - 1];
    if (!from) return [to];
    const parts = Math.max(1, Math.min(200, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / gap)));
    return Array.from({ length: parts }, (_, at) => ({ x: from.x + ((to.x - from.x) * (at + 1)) / parts, y: from.y + ((to.y - from.y) * (at + 1)) / parts }));
  });
}

/** The left end and base line of a label `width` wide at `point`: the nearest of some places inside `frame` that covers
 * the fewest of the `curves`' points. All in the canvas's pixels, `ratio` of them to one of the page's. */
export function place(point: Spot, width: number, ratio: number, frame: Frame, curves: Spot[]): Spot {
  const height = HEIGHT * ratio;
  const margin = CLOSE * ratio;
  let best: Spot = { x: point.x, y: point.y };
  let least = Infinity;
  for (const [order, offset] of OFFSETS.entries()) {
    const y = point.y + offset * ratio;
    if (y - height < frame.top || y + margin > frame.top + frame.height) continue;
    for (const [shift, part] of SHIFTS.entries()) {
      const x = Math.min(Math.max(point.x + part * width, frame.left + margin), frame.left + frame.width - width);
      const covered = curves.filter((at) => at.x > x - margin && at.x < x + width + margin && at.y > y - height - margin && at.y < y + margin).length;
      const cost = covered + order * 0.2 + shift * 0.05;
      if (cost < least) {
        least = cost;
        best = { x, y };
      }
    }
  }
  return best;
}
