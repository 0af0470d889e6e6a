// What a person sees and has chosen; kept beside the session so that a remount changes nothing.

export interface UiState {
  /** The open graph; null before one was chosen. */
  root: string | null;
  /** The module instance that is open by itself, as a path from that graph ("block1/inner"); "" is the graph. */
  inside: string;
  selected: ReadonlySet<string>;
  /** What was selected before the last edit that selects what it makes; back again where that is refused. */
  before: ReadonlySet<string>;
  wire: string | null;
  opened: ReadonlySet<string>;
  /** What part of each graph was seen last, by its place. */
  views: Readonly<Record<string, { x: number; y: number; zoom: number }>>;
  source: boolean | null;
  closedCards: ReadonlySet<string>;
  openCard: string | null;
  quick: { replace: string | null; from: { kind: "port" | "before"; key: string; port: string; at: { x: number; y: number } } | null } | null;
  sheet: boolean;
  renaming: string | null;
}

export class Ui {
  private state: UiState = {
    root: null, inside: "", selected: new Set(), before: new Set(), wire: null, opened: new Set(), views: {}, source: null,
    closedCards: new Set(), openCard: null, quick: null, sheet: false, renaming: null,
  };
  private listeners = new Set<() => void>();

  get = (): UiState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(change: Partial<UiState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  select(...keys: string[]): void {
    this.set({ selected: new Set(keys), wire: null });
  }

  /** The selection as it was before an edit that Python refused. */
  back(): void {
    if (this.state.before.size) this.set({ selected: this.state.before, before: new Set() });
  }

  /** Forget of the selection what is not on the canvas any more. */
  keep(there: (key: string) => boolean): void {
    if ([...this.state.selected].some((key) => !there(key))) this.set({ selected: new Set([...this.state.selected].filter(there)) });
  }

  /** Turn to another graph, or into a module of it; what is open in place belongs to the graph. */
  open(root: string, inside: string): void {
    const same = root === this.state.root && inside === this.state.inside;
    if (!same) this.set({ root, inside, selected: new Set(), wire: null, openCard: null, renaming: null, opened: new Set() });
  }
}

const known = new Map<string, Ui>();

export function uiOf(project: string): Ui {
  const ui = known.get(project) ?? new Ui();
  known.set(project, ui);
  return ui;
}

const FAVOURITES = "lamina.favourites";
const FOLDS = "lamina.palette";

/** Families of the palette that are unfolded, and those shown to their end. */
export interface Folds {
  open: string[];
  whole: string[];
}

const names = (value: unknown): string[] => (Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : []);

/** How the palette was left; at the very first visit its first family lies open. */
export function folds(): Folds {
  try {
    const kept = JSON.parse(localStorage.getItem(FOLDS) ?? "null") as Partial<Folds> | null;
    return kept ? { open: names(kept.open), whole: names(kept.whole) } : { open: ["conv"], whole: [] };
  } catch {
    return { open: ["conv"], whole: [] };
  }
}

export function keepFolds(folds: Folds): void {
  keep(FOLDS, folds);
}

function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* a browser that keeps nothing still shows the change until the page is left */
  }
}
const FIRST = ["Conv2d", "ReLU", "Linear"];

export function favourites(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(FAVOURITES) ?? "null");
    return Array.isArray(kept) ? names(kept) : FIRST;
  } catch {
    return FIRST;
  }
}

export function keepFavourites(starred: string[]): void {
  keep(FAVOURITES, starred);
}
