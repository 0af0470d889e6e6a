import type { Family } from "./model/types";

const PATHS = {
  file: "M4 2h5l3 3v9H4ZM9 2v3h3",
  check: "M3 8.5 6.5 12 13 4.5",
  undo: "M5 4 2.5 6.5 5 9M2.8 6.5H10a3.5 3.5 0 0 1 0 7H7",
  redo: "M11 4l2.500 2.500L11 9M13.200 6.500H6a3.500 3.500 0 0 0 0 7h3",
  tidy: "M6 2.500h4v3H6ZM2.500 10.500h4v3h-4ZM9.500 10.500h4v3h-4ZM8 5.500v2.500M4.500 10.500V8h7v2.500",
  group: "M2.500 5V2.500H5M11 2.500h2.500V5M13.500 11v2.500H11M5 13.500H2.500V11M5.500 5.500h3v3h-3ZM8 8h2.500v2.500H8",
  ungroup: "M2.500 5V2.500H5M11 2.500h2.500V5M13.500 11v2.500H11M5 13.500H2.500V11M4.500 4.500h3v3h-3ZM8.500 8.500h3v3h-3Z",
  code: "M5.500 4.500 2 8l3.500 3.500M10.500 4.500 14 8l-3.500 3.500",
  fault: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM5.900 5.900l4.200 4.200M10.100 5.900l-4.200 4.200",
  right: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  search: "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9ZM10.400 10.400 13.500 13.500",
  copy: "M5.500 5.500h8v8h-8ZM3.500 10.500h-1v-8h8v1",
  duplicate: "M2.500 2.500h7v7h-7ZM6.500 12v1.500h7v-7H12",
  swap: "M3 5.500h9L9.500 3M13 10.500H4L6.500 13",
  bypass: "M3 12c0-6 10-6 10 0M10.500 10.500 13 12l1-2.700",
  trash: "M3 4.500h10M6 4.500V3h4v1.500M4.500 4.500l.7 9h5.600l.7-9",
  wrench: "M13.500 4.500a3.300 3.300 0 0 1-4.300 4L4.600 13.100a1.200 1.200 0 0 1-1.700-1.700L7.500 6.800a3.300 3.300 0 0 1 4-4.300L9.600 4.400l2 2Z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  lock: "M4 7.500h8v6H4ZM5.500 7.500V5a2.500 2.500 0 0 1 5 0v2.500",
  out: "M9 3h4v4M13 3 7.500 8.500M11 9v4H3V5h4",
  warn: "M8 2.500 14.500 13.500h-13ZM8 6.500v3.200M8 11.700v.1",
  cross: "M4 4l8 8M12 4l-8 8",
  help: "M6 6a2 2 0 1 1 2.600 1.900c-.5.200-.6.600-.6 1.100M8 11.500v.01M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  keys: "M1.500 4h13v8.500h-13ZM4.300 6.700v.01M6.800 6.700v.01M9.300 6.700v.01M11.800 6.700v.01M5 10h6",
  alignLeft: "M2.500 2v12M5 4.500h8.500v2.500H5ZM5 9h5v2.500H5Z",
  alignTop: "M2 2.500h12M4.500 5v8.500H7V5ZM9 5v5h2.500V5Z",
  spread: "M2.500 2.500h11M2.500 13.500h11M4.500 6.500h7v3h-7Z",
  pen: "M3 13l.7-3L11 2.700 13.300 5 6 12.300ZM9.500 4.200l2.300 2.300",
  dots: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  reset: "M3.500 8a4.500 4.500 0 1 0 1.500-3.400L3 6.500M3 3v3.500h3.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, small = false }: { name: IconName; small?: boolean }) {
  return (
    <svg className={small ? "i s" : "i"} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Star({ on }: { on: boolean }) {
  return (
    <svg className="i s" viewBox="0 0 16 16" aria-hidden="true" style={{ fill: on ? "currentColor" : "none" }}>
      <path
        d="M8 2l1.800 3.900 4.200.5-3.100 2.900.8 4.200L8 11.400l-3.700 2.100.8-4.200L2 6.400l4.200-.5Z"
        strokeWidth={on ? 0 : 1.2}
      />
    </svg>
  );
}

/** Glyphs differ within a family where the layer's work does: dropout, flatten, attention. */
export type GlyphName = Family | "module" | "output" | "flat";

export function glyphOf(family: Family, layer: string, module = false): GlyphName {
  if (module) return "module";
  if (family === "pool" && /^(Flatten|Unflatten|Reshape|Permute|Transpose|Squeeze|Unsqueeze)/.test(layer)) return "flat";
  return family;
}

const GLYPHS: Record<GlyphName, React.ReactNode> = {
  io: <path d="M2 8h8M7 5l3 3-3 3M13 3v10" />,
  output: <path d="M2 8h8M7 5l3 3-3 3M13 3v10" />,
  conv: (
    <>
      <path d="M2 2h12v12H2ZM6 2v12M10 2v12M2 6h12M2 10h12" strokeWidth="1" />
      <path d="M2 2h8v8H2Z" fill="currentColor" fillOpacity=".38" stroke="none" />
    </>
  ),
  norm: <path d="M1.500 13c4 0 4-10 6.500-10s2.500 10 6.500 10" />,
  act: <path d="M2 12h6l6-9" />,
  pool: <path d="M2 3h12L10 8.500h-4ZM6 8.500h4v5H6Z" />,
  flat: <path d="M3 3h4v10H3ZM9.500 8H14" />,
  linear: (
    <>
      <path d="M3 3 13 5M3 3l10 6M3 8l10-3M3 8l10 1M3 13 13 5M3 13l10-4" strokeWidth="1" />
      <g fill="currentColor" stroke="none">
        <circle cx="3" cy="3" r="1.6" />
        <circle cx="3" cy="8" r="1.6" />
        <circle cx="3" cy="13" r="1.6" />
        <circle cx="13" cy="5" r="1.6" />
        <circle cx="13" cy="10" r="1.6" />
      </g>
    </>
  ),
  merge: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 5v6M5 8h6" />
    </>
  ),
  seq: <path d="M13 8a5 5 0 1 1-2-4M13.500 1.500V5H10" />,
  module: <path d="M2 4.500 8 2l6 2.500L8 7ZM2 8l6 2.500L14 8M2 11.500 8 14l6-2.500" />,
};

export function Glyph({ name, size = 14 }: { name: GlyphName; size?: number }) {
  return (
    <svg
      className="gl" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor"
      strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"
    >
      {GLYPHS[name]}
    </svg>
  );
}
