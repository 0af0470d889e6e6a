// How well each node learns, in words, a colour and a figure. Thresholds are those of the doctor's rules.

export interface Health {
  node: string;
  gradient?: number | null;
  weight?: number | null;
  update_ratio?: number | null;
  activation_mean?: number | null;
  activation_std?: number | null;
  dead?: number | null;
  time_share?: number | null;
  /** The title of a symptom that the doctor found here. */
  ails?: string;
}

export type HealthMode = "updates" | "gradients" | "activations" | "time";

export interface Verdict {
  tone: "none" | "good" | "hot" | "sick";
  text: string;
  /** Length of the bar, 0 to 1, with the limit at 0.625; null for no bar. */
  bar: number | null;
  says: string;
}

const NONE: Verdict = { tone: "none", text: "", bar: null, says: "" };
/** Sound runs of the templates stay below: a GPT moves by 1.3 to 1.8 % a step, a GAN by 2 to 4 % (Adam at the
 *  recipes' rates); the doctor calls a run's median of 6 % too fast, and a node's fifth. */
export const STRONG = 0.05;
const WEAK = 1e-5;
const GONE = 1e-8;

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.01) return "< 0.01 %";
  if (value >= 1000) return "> 999 %"; // so far off, the digits say no more
  return `${value >= 10 ? Math.round(value) : value >= 0.1 ? value.toFixed(1) : value.toPrecision(1)} %`;
}

/** A logarithmic bar on which the limit stands at 62.5 %, a decade taking 31.25 %. */
export function logBar(value: number, limit: number): number {
  if (!(value > 0)) return 0;
  return Math.min(1, Math.max(0.02, 0.625 + 0.3125 * Math.log10(value / limit)));
}

const known = (value: number | null | undefined): value is number => typeof value === "number";
const isDead = (health: Health) => known(health.dead) && health.dead > 0.9;

function alive(health: Health): Verdict {
  if (!known(health.dead)) return NONE;
  const share = percent(1 - health.dead);
  const text = `on ${share}`; // short, for narrow nodes: the title says what it means
  const says = `${share} of its units give something other than zero for at least one probe sample.`;
  return isDead(health) ? { tone: "sick", text, bar: null, says: `${says} The others are silent: they learn nothing.` } : { tone: "good", text, bar: null, says };
}

/** What a node's figures say, and above them what the doctor says. */
export function verdict(health: Health | undefined, mode: HealthMode): Verdict {
  const found = figures(health, mode);
  if (!health?.ails) return found;
  return { ...found, tone: found.tone === "sick" ? "sick" : "hot", says: `${health.ails}.` };
}

function figures(health: Health | undefined, mode: HealthMode): Verdict {
  if (!health) return NONE;
  if ([health.gradient, health.update_ratio, health.activation_std].some((value) => known(value) && !Number.isFinite(value)))
    return { tone: "sick", text: "not a number", bar: null, says: "Its figures overflowed." };
  if (mode === "time") {
    if (!known(health.time_share)) return NONE;
    return { tone: "none", text: percent(health.time_share), bar: health.time_share, says: "Share of a step's time." };
  }
  if (mode === "activations") {
    if (known(health.dead)) return alive(health);
    if (!known(health.activation_std)) return NONE;
    const flat = health.activation_std < 1e-6;
    return { tone: flat ? "sick" : "good", text: `± ${short(health.activation_std)}`, bar: null, says: flat ? "Gives the same for every input." : "Spread of what it gives." };
  }
  if (mode === "gradients") {
    if (!known(health.gradient)) return NONE;
    const gone = health.gradient < GONE;
    return { tone: gone ? "sick" : "good", text: short(health.gradient), bar: logBar(health.gradient, 1), says: gone ? "No gradient arrives here." : "Size of its gradient." };
  }
  if (!known(health.update_ratio)) return alive(health);
  const bar = logBar(health.update_ratio, STRONG);
  const text = percent(health.update_ratio);
  if (health.update_ratio > STRONG) return { tone: "hot", text, bar, says: "Its weights change too strongly per step." };
  if (health.update_ratio < WEAK) {
    const gone = known(health.gradient) && health.gradient < GONE;
    if (gone) return { tone: "sick", text, bar: null, says: "Its weights stand still: no gradient arrives." };
    return { tone: "none", text, bar: null, says: "Its weights hardly change: the learning rate is nearly 0." };
  }
  return { tone: "good", text, bar, says: "Change of its weights per step." };
}

function short(value: number): string {
  if (value === 0) return "0";
  return value >= 0.01 && value < 1000 ? value.toPrecision(2) : value.toExponential(0).replace("e", "·10^").replace("^-", "⁻").replace("^+", "");
}

export const LEGENDS: Record<HealthMode, { good: string; bad: string }> = {
  updates: { good: "up to 5 % of the weight per step", bad: "over 5 %: too strong" },
  gradients: { good: "a gradient arrives", bad: "none arrives" },
  activations: { good: "units answer", bad: "over 90 % silent" },
  time: { good: "", bad: "" },
};
