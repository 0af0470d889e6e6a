import { beforeEach, describe, expect, it, vi } from "vitest";

vi.hoisted(() => { globalThis.matchMedia = (() => ({ addEventListener: () => undefined })) as unknown as typeof matchMedia; }); // uPlot asks at once

import { Chart, type ChartSpec, type Look } from "../src/charts";
import { logTicks, positive } from "../src/log";
import { lossChart, metricChart, phasesChart } from "../src/specs";
import { empty, merge } from "../src/store";

const draw = (spec: ChartSpec) => new Chart(spec, empty(), {} as Look, () => undefined, 200);
const button = (chart: Chart) => chart.root.querySelector<HTMLButtonElement>("[data-testid=log-axis]");
const kept = new Map<string, string>();

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) });
});

describe("a logarithmic axis", () => {
  it("is wished for at the loss, linear at first, and kept in the browser", () => {
    const chart = draw(lossChart());
    expect(button(chart)!.getAttribute("aria-pressed")).toBe("false");
    button(chart)!.click();
    expect(button(chart)!.getAttribute("aria-pressed")).toBe("true");
    expect(button(draw(lossChart()))!.getAttribute("aria-pressed")).toBe("true");
    expect(button(draw(metricChart("accuracy", "Accuracy", true, true)))).toBeNull();
  });

  it("is there at first for a figure that falls by powers of ten, until somebody chooses the other", () => {
    const fid = () => draw(metricChart("fid", "Fréchet distance", false, false, undefined, true));
    expect(button(fid())!.getAttribute("aria-pressed")).toBe("true");
    button(fid())!.click();
    expect(button(fid())!.getAttribute("aria-pressed")).toBe("false");
  });

  it("has ticks however much it spans", () => {
    expect(logTicks(null, [0.3, 0.4, 0.5, 0.6])).toEqual([0.3, 0.4, 0.5, 0.6]);
    expect(logTicks(null, [0.5, 1, 2, 3, 4, 5, 6])).toEqual([0.5, 1, 2, null, null, 5, null]);
    expect(logTicks(null, [0.1, 0.2, 1, 5, 10, 100, 200])).toEqual([0.1, null, 1, null, 10, 100, null]);
  });

  it("leaves out what it cannot show", () => {
    expect(positive([[1, 2, 3], [0.5, 0, -1], [null, 2, 3]])).toEqual([[1, 2, 3], [0.5, null, null], [null, 2, 3]]);
  });
});

describe("the best epoch", () => {
  const epochs = [
    { epoch: 1, step: 10, validation_loss: 0.5, validation_fid: 90 },
    { epoch: 9, step: 90, validation_loss: 1.0, validation_fid: 30 },
  ];

  it("is the one that the monitor names, also where the loss was lower before", () => {
    const state = empty();
    merge(state, { epochs });
    const monitor = { name: "validation_fid", higher: false };
    expect(lossChart(undefined, true, monitor).bestOf!(state)!.text).toBe("1 at the best, epoch 9");
    expect(metricChart("fid", "FID", false, false, monitor).bestOf!(state)!.text).toBe("best 30, epoch 9");
    expect(lossChart().bestOf!(state)!.text).toBe("best 0.500, epoch 1");
  });
});

describe("looks at held-out rows within a long epoch", () => {
  it("stand on the curves between epochs' ends, newest in the legend, and never are the best", () => {
    const state = empty();
    merge(state, {
      steps: { reset: true, step: [1, 5, 10, 15], loss: [4, 3, 2, 1], lr: [], grad_norm: [], samples_per_second: [] },
      epochs: [{ epoch: 1, step: 10, validation_loss: 2.5, train_perplexity: 9, validation_perplexity: 12 }],
      looks: [{ epoch: 0, step: 5, validation_loss: 3.5, validation_perplexity: 33 }, { epoch: 0, step: 10, validation_loss: 9 }, { epoch: 1, step: 15, validation_loss: 1.5, validation_perplexity: 4 }],
    });
    expect(lossChart().series(state).data[3]).toEqual([null, 3.5, 2.5, 1.5]);
    expect(lossChart().legend(state)[1]!.value).toBe("1.500");
    expect(lossChart().bestOf!(state)!.text).toBe("best 2.500, epoch 1");
    const chart = metricChart("perplexity", "Perplexity", false, false);
    expect(chart.series(state).data).toEqual([[5, 10, 15], [null, 9, null], [33, 12, 4]]);
    expect(chart.legend(state).map((one) => one.value)).toEqual(["9", "4"]);
  });

  it("leave a split out of the legend that has no such figure", () => {
    const state = empty();
    merge(state, { epochs: [{ epoch: 1, step: 10, train_loss: 1, validation_fid: 12 }] });
    expect(metricChart("fid", "FID", false, false).legend(state).map((one) => one.label)).toEqual(["validation"]);
  });
});

describe("the best epoch of a fork", () => {
  it("is one of its own, also where its parent had a better one", () => {
    const state = empty();
    const epochs = [{ epoch: 1, step: 10, validation_loss: 0.1 }, { epoch: 2, step: 20, validation_loss: 0.3 }, { epoch: 3, step: 30, validation_loss: 0.4 }];
    merge(state, { epochs });
    const monitor = { name: "validation_loss", higher: false, since: 10 };
    expect(lossChart(undefined, true, monitor).bestOf!(state)!.text).toBe("best 0.300, epoch 2");
  });
});

describe("a step of several phases", () => {
  it("has a curve for each, none for their sum and none of another quantity", () => {
    const state = empty();
    const phases = { judge: [1, 2], maker: [0.5, 0.4] };
    merge(state, { steps: { reset: true, step: [1, 2], loss: [1.5, 2.4], lr: [], grad_norm: [], samples_per_second: [], phases } });
    merge(state, { epochs: [{ epoch: 1, step: 2, validation_loss: 7 }] });
    const { data } = phasesChart(["judge", "maker"]).series(state);
    expect(data.slice(0, 3)).toEqual([[1, 2], [1, 2], [0.5, 0.4]]);
    expect(data).toHaveLength(5);
    expect(data.flat()).not.toContain(7);
    expect(phasesChart(["judge", "maker"]).legend(state).map((one) => one.label)).toEqual(["judge", "maker"]);
  });

  it("starts anew with the series", () => {
    const state = empty();
    const message = { steps: { reset: true, step: [1], loss: [1], lr: [], grad_norm: [], samples_per_second: [], phases: { a: [1] } } };
    merge(state, message);
    merge(state, message);
    expect(state.phases.a!.raw).toEqual([1]);
  });
});
