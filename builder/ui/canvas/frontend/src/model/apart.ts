// Edits that another tab's change leaves alone: they mean the same on the document after it.

import { freshId, graphOf, ids } from "./graph";
import type { Doc, Edit, Json, Step } from "./types";

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Whether edits made on one document are only of nodes, or places, that another left as they were. */
export function apart(before: Doc, after: Doc, edits: readonly Edit[]): boolean {
  return edits.every((edit) => edit.steps.every((step) => untouched(before, after, edit.graph, step)));
}

function untouched(before: Doc, after: Doc, graph: string, [operation, args]: Step): boolean {
  const node = (doc: Doc, id: unknown) => graphOf(doc, graph).nodes.find((each) => each.id === id);
  const kept = (id: unknown) => node(before, id) !== undefined && same(node(before, id), node(after, id));
  if (operation === "set_params" || operation === "set_layer") return kept(args.id);
  if (operation !== "move") return false;
  const stands = (id: string) => node(after, id) !== undefined && same(before.positions[graph]?.[id], after.positions[graph]?.[id]);
  return Object.keys(args.positions as object).every(stands);
}

const NEW = new Set(["add_node", "insert_on_edge"]);

/** The edits with other names for their new nodes where these are taken by now. */
export function freed(doc: Doc, edits: readonly Edit[]): Edit[] {
  const taken = new Map<string, Set<string>>();
  const names = new Map<string, Map<string, string>>();
  return edits.map((edit) => {
    const held = taken.get(edit.graph) ?? ids(graphOf(doc, edit.graph));
    const called = names.get(edit.graph) ?? new Map<string, string>();
    taken.set(edit.graph, held);
    names.set(edit.graph, called);
    const steps = edit.steps.map(([operation, args]): Step => {
      if (NEW.has(operation) && typeof args.id === "string") {
        if (held.has(args.id)) called.set(args.id, freshId(held, String(args.layer)));
        held.add(called.get(args.id) ?? args.id);
      }
      return [operation, renamed(args, called) as Step[1]];
    });
    return { ...edit, steps };
  });
}

/** Arguments of an operation with nodes called by their new names; settings of layers are left alone. */
function renamed(value: Json, called: ReadonlyMap<string, string>): Json {
  if (typeof value === "string") {
    const [id = "", ...port] = value.split(".");
    return [called.get(id) ?? id, ...port].join(".");
  }
  if (Array.isArray(value)) return value.map((each) => renamed(each, called));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (key === "params" || key === "layer") return [key, each];
      if (key !== "positions") return [key, renamed(each as Json, called)];
      return [key, Object.fromEntries(Object.entries(each as object).map(([id, at]) => [called.get(id) ?? id, at]))];
    }),
  );
}
