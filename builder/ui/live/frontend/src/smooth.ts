/** A line through the raw values of a curve that lies among them: it neither lags behind a falling loss nor looks ahead of it. */

type Value = number | null;

/** So many values on either side of a point decide where the line passes; fewer near the start, where a loss falls fastest. */
const REACH = 12;

function reach(at: number): number {
  return Math.min(REACH, 2 + Math.floor(at / 3));
}

/** The straight line of least squares through the values from `from` up to `to`, read at `at`; never outside of those values. */
function through(raw: Value[], from: number, to: number, at: number): Value {
  let [n, sx, sy, sxx, sxy, low, high] = [0, 0, 0, 0, 0, Infinity, -Infinity];
  for (let i = from; i <= to; i++) {
    const y = raw[i];
    if (y === null || y === undefined) continue;
    const x = i - at;
    n += 1; sx += x; sy += y; sxx += x * x; sxy += x * y;
    low = Math.min(low, y); high = Math.max(high, y);
  }
  if (!n) return null;
  const spread = n * sxx - sx * sx;
  const value = spread > 0 ? (sy * sxx - sx * sxy) / spread : sy / n;
  return Math.min(high, Math.max(low, value));
}

/**
 * Bring `smooth` up to date with the values that `raw` has more by now, in place. Points within reach of the new ones are
 * read anew: their line now knows what came after them. At the end, where nothing has come yet, it looks back twice as far.
 */
export function smoothed(raw: Value[], smooth: Value[]): void {
  const end = raw.length - 1;
  for (let i = Math.max(0, smooth.length - REACH); i <= end; i++) {
    const far = reach(i);
    const to = Math.min(end, i + far);
    smooth[i] = through(raw, Math.max(0, Math.min(i, to - far) - far), to, i);
  }
}
