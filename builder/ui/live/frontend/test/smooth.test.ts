import { describe, expect, it } from "vitest";
import { smoothed } from "../src/smooth";
import { empty, merge } from "../src/store";

const line = (raw: (number | null)[]): (number | null)[] => {
  const made: (number | null)[] = [];
  smoothed(raw, made);
  return made;
};
/** Noise without luck: a few waves that share no period. */
const noise = (i: number) => 0.1 * (Math.sin(i * 2.4) + Math.sin(i * 5.1 + 1) + Math.sin(i * 3.7 + 2));

describe("the line through a curve", () => {
  it("is the curve itself where that is straight, from its first point to its last", () => {
    const falling = Array.from({ length: 60 }, (_, i) => 3 - i / 20);
    line(falling).forEach((value, i) => expect(value).toBeCloseTo(falling[i]!, 9));
  });

  it("lies among the values of a loss that falls: as many above as below, at no time far from it", () => {
    const truth = Array.from({ length: 170 }, (_, i) => 0.3 + 2 * Math.exp(-i / 25));
    const raw = truth.map((value, i) => value + noise(i));
    const made = line(raw) as number[];
    const above = made.filter((value, i) => value > raw[i]!).length / raw.length;
    expect(above).toBeGreaterThan(0.4);
    expect(above).toBeLessThan(0.6);
    made.forEach((value, i) => expect(Math.abs(value - truth[i]!)).toBeLessThan(i < 5 ? 0.35 : 0.2));
    const wild = (values: number[]) => values.slice(1).reduce((sum, value, i) => sum + Math.abs(value - values[i]!), 0);
    expect(wild(made)).toBeLessThan(wild(raw) / 4);
  });

  it("never leaves the values it stands for, so that a loss stays above zero", () => {
    const steep = Array.from({ length: 60 }, (_, i) => Math.exp(-i / 3));
    for (let n = 1; n <= steep.length; n++) expect(line(steep.slice(0, n)).at(-1)).toBeGreaterThan(0);
  });

  it("passes over what is missing", () => {
    expect(line([null])).toEqual([null]);
    expect(line([1, null, 1])).toEqual([1, 1, 1]);
  });

  it("is the same whether the values came at once or one by one", () => {
    const raw = Array.from({ length: 80 }, (_, i) => 1 + noise(i));
    const state = empty();
    raw.forEach((loss, i) => merge(state, { steps: { reset: !i, step: [i], loss: [loss], lr: [], grad_norm: [], samples_per_second: [] } }));
    expect(state.smooth).toEqual(line(raw));
  });
});
