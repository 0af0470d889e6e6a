/** A logarithmic axis: its ticks, what it can show, and the person's choice of it. */

import type uPlot from "uplot";

/** On a logarithmic axis powers of ten are written and ruled; where it spans less than two of them, also 2 and 5, and
 * where it is shorter still, all that there are. */
export function logTicks(_plot: unknown, splits: number[]): (number | null)[] {
  const decades = Math.log10((splits.at(-1) ?? 1) / (splits[0] || 1));
  if (decades < 0.5) return splits;
  const told = decades < 2 ? [1, 2, 5] : [1];
  return splits.map((value) => {
    const first = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    return told.some((one) => Math.abs(first - one) < 1e-6 * one) ? value : null;
  });
}

/** What a logarithmic axis can show: values above 0. */
export function positive(data: uPlot.AlignedData): uPlot.AlignedData {
  const [x, ...rest] = data;
  const above = rest.map((column) => Array.from(column as ArrayLike<number | null | undefined>, (v) => (v === null || v === undefined ? v : v > 0 ? v : null)));
  return [x, ...above] as uPlot.AlignedData;
}

const CHOSEN = "lamina-log";

/** Whether the person wants this chart's axis logarithmic; kept in the browser, as `first` says before anybody chose. */
export function logChosen(title: string, first = false): boolean {
  try { return (localStorage.getItem(`${CHOSEN} ${title}`) ?? (first ? "1" : "0")) === "1"; } catch { return first; }
}

export function chooseLog(title: string, on: boolean): void {
  try { localStorage.setItem(`${CHOSEN} ${title}`, on ? "1" : "0"); } catch { /* a browser that keeps nothing: for this look only */ }
}
