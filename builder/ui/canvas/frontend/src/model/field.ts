// What a person types into a field of the inspector, as a value or as words that say why it is none.

import type { Json, ParamFace } from "./types";

export type Parsed = { value: Json } | { wrong: string };

const TINY = 1e-4;

/** A value as its field shows it; a tiny number by its power of ten, for its zeros would fill the field. */
export function show(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && value !== 0 && Math.abs(value) < TINY) return value.toExponential();
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** What an unset value means: "by the data" where the help says "Empty: the data decides." */
function unset(param: ParamFace): string {
  const decides = /Empty: ([^.]+) decides/.exec(param.help)?.[1];
  return decides ? `by ${decides}` : "none";
}

/** What a select offers: an empty choice first where the value may be unset, or is. */
export function offered(param: ParamFace, value: Json | undefined): { value: string; label: string }[] {
  const choices = param.choices.map((choice) => ({ value: choice, label: choice }));
  if (!param.required && param.default === null) return [{ value: "", label: unset(param) }, ...choices];
  return param.choices.includes(show(value)) ? choices : [{ value: show(value), label: show(value) || "choose" }, ...choices];
}

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const GROUPED = /^[+-]?\d{1,3}(,\d{3})+$/;

/** A comma parts thousands in a whole number (1,000), and is the decimal point of others (0,5). */
function number(param: ParamFace, text: string, whole: boolean): Parsed {
  const plain = whole && GROUPED.test(text) ? text.replaceAll(",", "") : text.replace(",", ".");
  const value = Number(plain);
  if (!PLAIN.test(plain) || !Number.isFinite(value)) return { wrong: `A ${whole ? "whole " : ""}number, please.` };
  if (whole && !Number.isInteger(value)) return { wrong: "A whole number, please." };
  return range(param, value) ?? { value };
}

function range(param: ParamFace, value: number): Parsed | null {
  const { low, high } = param;
  if (low !== null && high !== null && (value < low || value > high)) return { wrong: `From ${low} to ${high}.` };
  if (low !== null && value < low) return { wrong: `${low} or more.` };
  if (high !== null && value > high) return { wrong: `${high} or less.` };
  return null;
}

function list(param: ParamFace, text: string): Parsed {
  const parts = text.replace(/[()[\]]/g, "").split(/[\s,×x*]+/).filter(Boolean);
  if (!parts.length) return { wrong: "Whole numbers such as 3, 3." };
  const values: number[] = [];
  for (const part of parts) {
    const value = Number(part);
    if (!Number.isInteger(value)) return { wrong: "Whole numbers such as 3, 3." };
    const out = range(param, value);
    if (out) return out;
    values.push(value);
  }
  return { value: param.kind === "size" && values.length === 1 ? values[0]! : values };
}

export function parse(param: ParamFace, text: string): Parsed {
  const clean = text.trim();
  const open = param.kind.startsWith("optional") || param.default === null;
  if (!clean && open && !param.required) return { value: null };
  switch (param.kind) {
    case "int":
    case "optional_int":
      return number(param, clean, true);
    case "float":
    case "optional_float":
      return number(param, clean, false);
    case "size":
      if (/^[a-z]+$/.test(clean) && param.choices.includes(clean)) return { value: clean };
      return list(param, clean);
    case "ints":
      return list(param, clean);
    case "choice":
      return param.choices.includes(clean) ? { value: clean } : { wrong: `One of ${param.choices.join(", ")}.` };
    default:
      return { value: text };
  }
}

export const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The number after a click on plus or minus, inside the bounds; null where the field holds no single number. */
export function stepped(param: ParamFace, value: Json | undefined, direction: 1 | -1): Json | null {
  if (typeof value !== "number") return value === null || value === undefined ? (param.low ?? 1) : null;
  const whole = param.kind === "int" || param.kind === "size" || param.kind === "optional_int";
  const size = whole ? 1 : Math.abs(value) >= 1 ? 0.5 : 0.05;
  const next = Number((value + direction * size).toFixed(6));
  if (param.low !== null && next < param.low) return param.low;
  if (param.high !== null && next > param.high) return param.high;
  return next;
}
