// Which graph is open: one of the project's graphs, or a module, shown where it is used if it is.

import { graphOf } from "./graph";
import type { Doc, Wants } from "./types";

const MODULE = "modules.";
const DEEPEST = 8;

/** A graph ("model", or "modules.Block" where nothing uses it) and a path of module instances inside of it. */
export interface Place {
  root: string;
  inside: string;
}

export const moduleNamed = (graph: string): string | null => (graph.startsWith(MODULE) ? graph.slice(MODULE.length) : null);

/** The graph that stands for the project: "model", else the first. */
export function mainGraph(doc: Doc): string {
  return "model" in doc.graphs ? "model" : (Object.keys(doc.graphs)[0] ?? "model");
}

export const exists = (doc: Doc, graph: string): boolean => {
  const module = moduleNamed(graph);
  return module === null ? graph in doc.graphs : module in doc.modules;
};

/** The graph behind a path of module instances, "block1/inner"; null where there is no such path. */
export function graphAt(doc: Doc, root: string, inside: string): string | null {
  let key = root;
  for (const id of inside ? inside.split("/") : []) {
    const node = graphOf(doc, key).nodes.find((item) => item.id === id);
    if (!node || !doc.modules[node.layer]) return null;
    key = `${MODULE}${node.layer}`;
  }
  return key;
}

function pathTo(doc: Doc, graph: string, module: string, depth = 0): string | null {
  if (depth >= DEEPEST) return null;
  const uses = graphOf(doc, graph).nodes.filter((node) => doc.modules[node.layer]);
  const direct = uses.find((node) => node.layer === module);
  if (direct) return direct.id;
  for (const node of uses) {
    const below = pathTo(doc, `${MODULE}${node.layer}`, module, depth + 1);
    if (below !== null) return `${node.id}/${below}`;
  }
  return null;
}

/** Where a graph is looked at: itself, or for a module its first use, so that its shapes are known. */
export function placeOf(doc: Doc, graph: string): Place {
  const module = moduleNamed(graph);
  if (module === null) return { root: graph, inside: "" };
  for (const root of Object.keys(doc.graphs)) {
    const inside = pathTo(doc, root, module);
    if (inside !== null) return { root, inside };
  }
  return { root: graph, inside: "" };
}

/** The same place, or the nearest that there still is. */
export function nearest(doc: Doc, place: Place): Place & { graph: string } {
  const root = exists(doc, place.root) ? place.root : mainGraph(doc);
  const here = root === place.root ? place : { root, inside: "" };
  const moved = moduleNamed(root) === null || here.inside ? here : placeOf(doc, root);
  const graph = graphAt(doc, moved.root, moved.inside);
  return graph === null ? { root: moved.root, inside: "", graph: moved.root } : { ...moved, graph };
}

/** How often a module is used in all graphs and modules. */
export function usesOf(doc: Doc, module: string): number {
  return [...Object.values(doc.graphs), ...Object.values(doc.modules)]
    .reduce((sum, graph) => sum + graph.nodes.filter((node) => node.layer === module).length, 0);
}

/** A free name for a new graph or module. */
export function freeName(taken: Iterable<string>, stem: string): string {
  const names = new Set(taken);
  if (!names.has(stem)) return stem;
  for (let number = 2; ; number += 1) if (!names.has(`${stem}${number}`)) return `${stem}${number}`;
}

/** Why a graph or module cannot be deleted; "" where it can. */
export function kept(doc: Doc, wants: Wants, graph: string): string {
  const module = moduleNamed(graph);
  if (module === null) return Object.keys(doc.graphs).length === 1 ? "A project keeps at least one graph." : (wants.held[graph] ?? "");
  const uses = usesOf(doc, module);
  return uses ? `It is used ${uses === 1 ? "once" : `${uses} times`}; remove it there first.` : "";
}

/** Why a graph cannot get another name; "" where it can. */
export function named(doc: Doc, wants: Wants, graph: string): string {
  return moduleNamed(graph) !== null || !(graph in doc.graphs) ? "" : (wants.held[graph] ?? "");
}

/** What a link asks for: `?graph=discriminator&inside=block1&node=conv1`. */
export function asked(search: string): { graph: string; inside: string; node: string } {
  const query = new URLSearchParams(search);
  return { graph: query.get("graph") ?? "", inside: query.get("inside") ?? "", node: query.get("node") ?? "" };
}

/** The address with the open graph; without it where that is the project's own. */
export function addressOf(address: string, doc: Doc, place: Place): string {
  const url = new URL(address);
  url.searchParams.delete("node");
  for (const [key, value, plain] of [["graph", place.root, mainGraph(doc)], ["inside", place.inside, ""]] as const) {
    if (value === plain) url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  return url.href;
}
