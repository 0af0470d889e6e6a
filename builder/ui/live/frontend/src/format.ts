/** Numbers and times as a person reads them. */

const GROUP = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Three significant digits, the last ones even where they are 0, so that a figure that changes keeps its width; no
 * exponent between 0.001 and a million; `more` digits where asked. Whole numbers stay whole. */
export function figure(value: number | null | undefined, more = 0): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return value.toLocaleString("en-US", { maximumFractionDigits: more }).replace("-", "−");
  if (size < 0.001) return value.toExponential(1 + more).replace("e-", "e−").replace(/^-/, "−");
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : 3;
  const text = value.toFixed((size < 0.1 ? 4 : digits) + more);
  return (Number.isInteger(value) ? String(value) : text).replace("-", "−");
}

const short = (value: number, more: number) =>
  value.toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 1 + more }).replace("-", "−");

/** For an axis, where room is scarce: 100K, 3M. */
export function axisFigure(value: number, more = 0): string {
  if (Math.abs(value) >= 10_000) return short(value, more);
  const text = figure(value, more);
  return text.includes(".") && !text.includes("e") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** What a cosine leaves of a rate at its end by rounding. */
const NOTHING = 1e-12;

/** A learning rate without noise digits: 0.003, 3e−5, 4e7. */
export function rate(value: number | null | undefined, more = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const near = Math.abs(value) < NOTHING ? 0 : Number(value.toPrecision(3 + more));
  const plain = near === 0 || (Math.abs(near) >= 1e-4 && Math.abs(near) < 1e5);
  return plain ? String(near) : near.toExponential().replace("e-", "e−").replace("e+", "e");
}

/** An axis's values, with as many digits as tell them apart; nothing where there is no value. */
export function ticks(values: (number | null)[], format: (value: number, more: number) => string): string[] {
  const texts = (more: number) => values.map((value) => (value === null ? "" : format(value, more)));
  for (let more = 0; more < 8; more += 1) {
    const told = texts(more).filter(Boolean);
    if (new Set(told).size === told.length) return texts(more);
  }
  return texts(8);
}

/** A share as per cent with one digit. */
export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : `${(value * 100).toFixed(1)} %`;
}

/** Whole numbers with separators. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : GROUP.format(value);
}

/** Seconds as "17 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes as "0.6 GB" or "312 MB". */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.round(value / 1e6)} MB`;
}

/** A device as a person calls it: CPU, GPU 0. */
export function device(name: string): string {
  return name.replace(/^cuda:?/, "GPU ").replace(/^(cpu|mps)$/, (found) => found.toUpperCase()).trim();
}

/** Time of day, local. */
export function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** The x axis counts steps: its first label says so; between two steps there is nothing to name. */
export function stepTicks(splits: number[]): string[] {
  const first = splits.findIndex((one) => Number.isInteger(one));
  return splits.map((one, i) => (Number.isInteger(one) ? `${i === first ? "step " : ""}${count(one)}` : ""));
}
