import type { Info, Shape } from "./types";

/** 16×32×32; a single axis is a plain number, no axis at all is "scalar". */
export function shapeText(shape: Shape | undefined): string {
  if (!shape) return "";
  return shape.length ? shape.join("×") : "scalar";
}

export function shapesText(shapes: Shape[]): string {
  if (shapes.length <= 1) return shapeText(shapes[0]);
  const texts = shapes.map(shapeText);
  return texts.every((text) => text === texts[0]) ? `${texts.length} × ${texts[0]}` : texts.join(", ");
}

const same = (a: Shape | undefined, b: Shape | undefined) => shapeText(a) === shapeText(b);

/** "3×32×32 → 16×32×32", one shape where nothing changes, marked ≈ where it stands on a repair. */
export function flowText(info: Info | undefined): string {
  if (!info?.outputs.length && !info?.inputs.length) return "";
  const mark = info.assumed ? "≈ " : "";
  const [into, out] = [info.inputs, info.outputs];
  if (!out.length) return mark + shapesText(into);
  if (!into.length || (into.length === 1 && out.length === 1 && same(into[0], out[0]))) return mark + shapesText(out);
  if (into.length > 1 && into.every((shape) => same(shape, out[0]))) return mark + shapesText(out);
  return `${mark}${shapesText(into)} → ${shapesText(out)}`;
}

/** What a lamina shows at its right: its new shape where it changes one, else nothing. */
export function laminaText(info: Info | undefined, always = false): string {
  const out = info?.outputs[0] ?? (always ? info?.inputs[0] : undefined);
  if (!info || !out) return "";
  if (!always && same(info.inputs[0], out) && !info.assumed) return "";
  return `→ ${info.assumed ? "≈ " : ""}${shapeText(out)}`;
}

/** 14,826. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 3.98 M, 14,826: short from a million on. */
export function short(value: number): string {
  if (value < 1e6) return count(value);
  const [unit, size] = value >= 1e12 ? ["T", 1e12] : value >= 1e9 ? ["G", 1e9] : ["M", 1e6];
  return `${(value / (size as number)).toPrecision(3)} ${unit}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let [size, unit] = [value / 1024, 0];
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function since(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return "just now";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  return `${Math.round(minutes / 60)} h ago`;
}
