/** Which curves there are: the loss, a figure, the learning rate, the gradient norm. */

import type uPlot from "uplot";
import { atEpochs, held } from "./axis";
import type { ChartSpec, Look } from "./charts";
import { axisFigure, figure, percent, rate } from "./format";
import { best, type State } from "./store";

/** The figure that decides which epoch is kept as the best, as it is named in the epochs; those up to the step `since` are the parent's. */
export interface Monitor { name: string; higher: boolean; since?: number }

/** The figure `key` at the epoch that the monitor calls the best. */
function atBest(s: State, key: string, monitor: Monitor, format: (value: number) => string) {
  const own = s.epochs.filter((one) => (one.step as number) > (monitor.since ?? 0));
  const epoch = own[best(own, monitor.name, monitor.higher)];
  const value = epoch?.[key];
  if (!epoch || value === null || value === undefined) return null;
  const said = key === monitor.name ? `best ${format(value)}` : `${format(value)} at the best`;
  return { step: epoch.step as number, value, text: `${said}, epoch ${epoch.epoch}` };
}

/** `falls`: whether a lower loss is a better network; not so where two networks compete. */
export function lossChart(note?: ChartSpec["note"], falls = true, monitor: Monitor = { name: "validation_loss", higher: false }): ChartSpec {
  return {
    title: "Loss",
    note,
    logByWish: true,
    lines: [
      { label: "raw", colour: "train", width: 1, alpha: 0.28 },
      { label: "train", colour: "train", width: 2 },
      { label: "validation", colour: "val", width: 2, points: true },
    ],
    series: (s) => ({ data: [s.step, s.loss, s.smooth, atEpochs(s, "validation_loss", s.step)] as uPlot.AlignedData }),
    beside: (s) => [s.step, s.smooth, atEpochs(s, "validation_loss", s.step)] as uPlot.AlignedData,
    besideLines: [{ colour: "train" }, { colour: "val" }],
    legend: (s) => [
      { label: "train, smoothed", value: figure(s.smooth.at(-1)), colour: "train" },
      { label: "validation", value: figure(held(s).at(-1)?.validation_loss), colour: "val" },
    ],
    bestOf: (s) => (falls ? atBest(s, "validation_loss", monitor, figure) : null),
    format: axisFigure,
  };
}

const OWN: (keyof Look)[] = ["train", "val", "warn", "ink2"];

/** Where a step has several phases, each with a loss of its own: a sum of them would say nothing. */
export function phasesChart(phases: string[], note?: ChartSpec["note"]): ChartSpec {
  const colour = (i: number) => OWN[i % OWN.length] as keyof Look;
  const smooth = (s: State) => phases.map((name) => s.phases[name]?.smooth ?? s.step.map(() => null));
  return {
    title: "Loss",
    note,
    logByWish: true,
    lines: [
      ...phases.map((name, i) => ({ label: `${name}, raw`, colour: colour(i), width: 1, alpha: 0.22 })),
      ...phases.map((name, i) => ({ label: name, colour: colour(i), width: 2 })),
    ],
    series: (s) => ({
      data: [s.step, ...phases.map((name) => s.phases[name]?.raw ?? s.step.map(() => null)), ...smooth(s)] as uPlot.AlignedData,
    }),
    beside: (s) => [s.step, ...smooth(s)] as uPlot.AlignedData,
    besideLines: phases.map((_name, i) => ({ colour: colour(i) })),
    legend: (s) => phases.map((name, i) => ({ label: name, value: figure(s.phases[name]?.smooth.at(-1)), colour: colour(i) })),
    format: axisFigure,
  };
}

/** The splits that have the figure; both, before the first epoch has told which. */
function measured(s: State, name: string): ("train" | "validation")[] {
  const both = ["train", "validation"] as const;
  const known = both.filter((split) => s.epochs.some((epoch) => (epoch[`${split}_${name}`] ?? null) !== null));
  return known.length ? known : [...both];
}

/** `decades`: the figure falls by powers of ten, so that a linear axis would show little but its first epochs. */
export function metricChart(name: string, title: string, higher: boolean, share: boolean, monitor: Monitor = { name: `validation_${name}`, higher }, decades = false): ChartSpec {
  const tick = (v: number, more = 0) => (share ? `${Number((v * 100).toFixed(1 + more))} %` : axisFigure(v, more));
  const format = (v: number) => (share ? (v === 1 || v === 0 ? tick(v) : percent(v)) : figure(v));
  const axis = (s: State) => held(s).map((e) => e.step as number);
  const column = (s: State, key: string) => held(s).map((e) => e[key] ?? null);
  return {
    title,
    logByWish: !share && !higher,
    logFirst: decades,
    lines: [
      { label: "train", colour: "train", width: 2, points: true },
      { label: "validation", colour: "val", width: 2, points: true },
    ],
    series: (s) => ({
      data: [axis(s), column(s, `train_${name}`), column(s, `validation_${name}`)] as uPlot.AlignedData,
    }),
    beside: (s) => [axis(s), column(s, `train_${name}`), column(s, `validation_${name}`)] as uPlot.AlignedData,
    besideLines: [{ colour: "train" }, { colour: "val" }],
    legend: (s) => measured(s, name).map((split) => {
      const value = (split === "train" ? s.epochs : held(s)).at(-1)?.[`${split}_${name}`];
      return {
        label: split,
        value: value === null || value === undefined ? "–" : format(value),
        colour: split === "train" ? "train" : "val",
      };
    }),
    bestOf: (s) => atBest(s, `validation_${name}`, monitor, format),
    format: tick,
  };
}

export function rateChart(): ChartSpec {
  return {
    title: "Learning rate",
    lines: [{ label: "learning rate", colour: "ink2", width: 2 }],
    series: (s) => ({ data: [s.step, s.lr] as uPlot.AlignedData }),
    beside: (s) => [s.step, s.lr] as uPlot.AlignedData,
    besideLines: [{ colour: "ink2" }],
    legend: (s) => [{ label: "", value: rate(s.lr.at(-1)), colour: "ink2" }],
    format: rate,
  };
}

export function normChart(): ChartSpec {
  return {
    title: "Gradient norm",
    log: true,
    lines: [{ label: "gradient norm", colour: "ink2", width: 1, alpha: 0.8 }],
    series: (s) => ({
      data: [s.step, s.gradNorm.map((v) => (v !== null && v > 0 ? v : null))] as uPlot.AlignedData,
    }),
    legend: (s) => [{ label: "", value: figure(s.gradNorm.at(-1)), colour: "ink2" }],
    format: axisFigure,
  };
}
