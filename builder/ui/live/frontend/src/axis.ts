/** Placing values on the common axis of steps. */

import type { State } from "./store";
import type { Epoch } from "./types";

/** Epochs' ends and the looks between them, in order of step; where both fall on one step, the epoch's. */
export function held(state: State): Epoch[] {
  const ends = new Set(state.epochs.map((epoch) => epoch.step));
  const looks = state.looks.filter((look) => !ends.has(look.step ?? null));
  if (!looks.length) return state.epochs;
  return [...state.epochs, ...looks].sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
}

/** Put the values of epochs and of looks between onto the axis of steps; null elsewhere. */
export function atEpochs(state: State, name: string, axis: number[]): (number | null)[] {
  const column: (number | null)[] = new Array<number | null>(axis.length).fill(null);
  let at = 0;
  for (const epoch of held(state)) {
    const step = epoch.step;
    if (step === null || step === undefined) continue;
    while (at < axis.length - 1 && (axis[at] as number) < step) at += 1;
    if (axis.length) column[at] = epoch[name] ?? null;
  }
  return column;
}

/** Keep the axis calm: its end is the run's last step once half of it is done; before, it grows in
 *  steps of half a power of ten. */
export function grownEnd(last: number, whole = 0): number {
  if (whole && last >= whole / 2 && last <= whole) return whole;
  if (last <= 10) return 10;
  const unit = 10 ** Math.floor(Math.log10(last)) / 2;
  return Math.ceil((last * 1.02) / unit) * unit;
}
