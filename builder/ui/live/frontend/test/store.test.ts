import { describe, expect, it } from "vitest";
import { atEpochs, grownEnd } from "../src/axis";
import { axisFigure, duration, figure, rate } from "../src/format";
import { best, empty, Feed, feedOf, merge, MOST_POINTS, over } from "../src/store";
import type { Message } from "../src/types";

function steps(from: number, to: number, reset = false): Message {
  const step = Array.from({ length: to - from }, (_, i) => from + i);
  const one = step.map(() => 1);
  return { steps: { reset, step, loss: one, lr: one, grad_norm: one, samples_per_second: one } };
}

describe("the series", () => {
  it("appends new points and drops those it has", () => {
    const state = empty();
    merge(state, steps(0, 5, true));
    merge(state, steps(3, 8));
    expect(state.step).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(state.loss).toHaveLength(8);
  });

  it("starts anew on a reset, so that a reconnect neither doubles nor loses points", () => {
    const state = empty();
    merge(state, steps(0, 5, true));
    merge(state, steps(0, 3, true));
    expect(state.step).toEqual([0, 1, 2]);
  });

  it("says what changed", () => {
    const state = empty();
    expect(merge(state, { epochs: [], health: [] })).toEqual(new Set(["epochs", "health"]));
    expect(merge(state, steps(0, 0))).toEqual(new Set());
  });

  it("keeps the zoom while points arrive", () => {
    const state = empty();
    state.zoom = [1, 2];
    merge(state, steps(0, 100, true));
    expect(state.zoom).toEqual([1, 2]);
  });
});

describe("a feed", () => {
  it("is one for all parts of a page", () => {
    const feed = feedOf("run-a", () => "");
    expect(feedOf("run-a", () => "")).toBe(feed);
    expect(feedOf("run-b", () => "")).not.toBe(feed);
  });

  it("tells its listeners until they leave and asks again when the series is long", () => {
    const feed = new Feed(() => "");
    let reopened = 0;
    feed.reopen = () => { reopened += 1; };
    let told = 0;
    const leave = feed.listen(() => { told += 1; });
    feed.receive(steps(0, 10, true));
    leave();
    feed.receive(steps(10, MOST_POINTS + 20));
    expect(told).toBe(1);
    expect(reopened).toBe(1);
  });
});

describe("epochs", () => {
  it("finds the best by the figure's direction and skips gaps", () => {
    const epochs = [{ a: 3 }, { a: null }, { a: 1 }, { a: 2 }];
    expect(best(epochs, "a", false)).toBe(2);
    expect(best(epochs, "a", true)).toBe(0);
    expect(best([], "a", true)).toBe(-1);
  });

  it("stand at their step on the common axis", () => {
    const state = empty();
    state.epochs = [{ step: 2, validation_loss: 0.5 }, { step: 4, validation_loss: 0.25 }];
    expect(atEpochs(state, "validation_loss", [0, 1, 2, 3, 4])).toEqual([null, null, 0.5, null, 0.25]);
  });
});

describe("words and numbers", () => {
  it.each([[0.12345, "0.123"], [0.01234, "0.0123"], [12.345, "12.35"], [123456, "123,456"], [0.00001, "1.0e−5"], [null, "–"], [NaN, "–"], [-0.5, "−0.500"], [0.5301, "0.530"], [10, "10"]])(
    "shows %s as %s", (value, text) => expect(figure(value)).toBe(text));
  it("keeps axis labels short", () => {
    expect([axisFigure(3_000_000), axisFigure(100_000), axisFigure(0.5)]).toEqual(["3M", "100K", "0.5"]);
  });
  it("shows learning rates as typed", () => {
    expect(rate(0.003)).toBe("0.003");
    expect(rate(0.00003)).toBe("3e−5");
  });
  it("shows durations in the unit that fits", () => {
    expect([duration(17), duration(200), duration(7500), duration(null)]).toEqual(["17 s", "3 min 20 s", "2 h 5 min", "–"]);
  });
  it("lets the axis grow in steps, always past the last point", () => {
    for (const last of [1, 9, 11, 99, 101, 777, 2010, 99999]) expect(grownEnd(last)).toBeGreaterThanOrEqual(last);
    expect(grownEnd(777)).toBe(grownEnd(778));
    expect([grownEnd(300, 1200), grownEnd(700, 1200), grownEnd(1200, 1200)]).toEqual([350, 1200, 1200]);
  });
  it("knows which states are final", () => {
    const status = { status: "paused" } as never;
    expect(over(status)).toBe(false);
    expect(over({ status: "failed" } as never)).toBe(true);
  });
});
