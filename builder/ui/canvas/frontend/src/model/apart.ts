// Edits that another tab's change leaves alone: they mean the same on the document after it.

import { graphOf } from "./graph";
import type { Doc, Edit, Step } from "./types";

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
