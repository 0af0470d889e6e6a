import { describe, expect, it } from "vitest";

import { applyEdit, differing } from "../src/model/graph";
import { addGraph, removeGraph, renameGraph } from "../src/model/modules";
import { addressOf, asked, freeName, kept, named, nearest, placeOf } from "../src/model/places";
import type { Doc, GraphSpec, Wants } from "../src/model/types";

const graph = (...layers: string[]): GraphSpec => ({
  nodes: layers.map((layer, index) => ({ id: `n${index}`, layer, params: {} })), edges: [],
});

const DOC: Doc = {
  graphs: { generator: graph("Input", "Outer"), discriminator: graph("Input", "Linear") },
  modules: { Outer: graph("Input", "Inner", "Output"), Inner: graph("Input", "ReLU", "Output"), Loose: graph("Input") },
  positions: { discriminator: { n0: { x: 1, y: 2 } } },
};
const WANTS: Wants = { held: { generator: "The task needs it." }, idle: [], closed: "" };

describe("which graph is open", () => {
  it("shows a module where it is used, however deep, and by itself where it is not", () => {
    expect(placeOf(DOC, "modules.Inner")).toEqual({ root: "generator", inside: "n1/n1" });
    expect(placeOf(DOC, "modules.Loose")).toEqual({ root: "modules.Loose", inside: "" });
    expect(placeOf(DOC, "discriminator")).toEqual({ root: "discriminator", inside: "" });
  });

  it("falls back to what there still is", () => {
    expect(nearest(DOC, { root: "gone", inside: "n1" })).toEqual({ root: "generator", inside: "", graph: "generator" });
    expect(nearest(DOC, { root: "generator", inside: "n1/n9" })).toEqual({ root: "generator", inside: "", graph: "generator" });
    expect(nearest(DOC, { root: "modules.Inner", inside: "" }).graph).toBe("modules.Inner");
    expect(nearest(DOC, { root: "modules.Inner", inside: "" }).root).toBe("generator");
  });

  it("is named by the address, and the project's own graph is not", () => {
    const at = "http://127.0.0.1:8501/build?project=p&node=n0";
    const there = addressOf(at, DOC, { root: "discriminator", inside: "" });
    expect(there).toBe("http://127.0.0.1:8501/build?project=p&graph=discriminator");
    expect(asked(new URL(there).search)).toEqual({ graph: "discriminator", inside: "", node: "" });
    expect(addressOf(there, DOC, { root: "generator", inside: "n1" })).toBe("http://127.0.0.1:8501/build?project=p&inside=n1");
  });

  it("says why a graph must stay, and why a used module cannot go", () => {
    expect(kept(DOC, WANTS, "generator")).toBe("The task needs it.");
    expect(named(DOC, WANTS, "generator")).toBe("The task needs it.");
    expect(kept(DOC, WANTS, "discriminator")).toBe("");
    expect(kept(DOC, WANTS, "modules.Inner")).toContain("used once");
    expect(kept(DOC, WANTS, "modules.Loose")).toBe("");
  });
});

describe("graphs as edits", () => {
  it("adds, renames and deletes them at once in the browser's copy", () => {
    const name = freeName([...Object.keys(DOC.graphs), "net"], "net");
    expect(name).toBe("net2");
    const more = applyEdit(DOC, addGraph(name, false));
    expect(Object.keys(more.graphs)).toEqual(["generator", "discriminator", "net2"]);
    const renamed = applyEdit(more, renameGraph("discriminator", "critic"));
    expect(Object.keys(renamed.graphs)).toEqual(["generator", "critic", "net2"]);
    expect(renamed.positions).toEqual({ critic: { n0: { x: 1, y: 2 } } });
    expect(applyEdit(renamed, renameGraph("critic", "generator"))).toEqual(renamed);
    expect(Object.keys(applyEdit(renamed, removeGraph("critic")).graphs)).toEqual(["generator", "net2"]);
    expect(Object.keys(applyEdit(DOC, addGraph("M", true)).modules)).toContain("M");
  });

  it("knows which graphs an undo changed", () => {
    const moved = { ...DOC, positions: { generator: { n0: { x: 0, y: 0 } } } };
    expect(differing(DOC, moved)).toEqual(["generator", "discriminator"]);
    expect(differing(DOC, applyEdit(DOC, addGraph("M", true)))).toEqual(["modules.M"]);
    expect(differing(DOC, JSON.parse(JSON.stringify(DOC)) as Doc)).toEqual([]);
  });
});
