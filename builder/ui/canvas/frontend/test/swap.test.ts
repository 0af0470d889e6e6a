import { describe, expect, it } from "vitest";
import { newIn } from "../src/model/actions";
import { applyEdit } from "../src/model/graph";
import { nameAs } from "../src/model/swap";
import type { View } from "../src/model/scene";
import type { Doc, Step } from "../src/model/types";

const named = (id: string, layer: string, next: string, taken: string[] = [], patterns: string[] = []) => nameAs(id, layer, next, new Set([id, ...taken]), patterns);

describe("a swapped node's name", () => {
  it("follows the layer with its number where nobody chose it", () => {
    expect(named("conv2", "Conv2d", "Sigmoid")).toBe("sigmoid2");
    expect(named("bn1", "BatchNorm2d", "MaxPool2d")).toBe("pool1");
    expect(named("conv1", "Conv2d", "Sigmoid", ["sigmoid1", "sigmoid2"])).toBe("sigmoid3");
  });

  it("stays where it is a person's own, or fits as it is", () => {
    for (const id of ["head", "conv", "conv1a", "myconv1", "relu1"]) expect(named(id, "Conv2d", "Sigmoid")).toBe(id);
    expect(named("conv1", "Conv2d", "Conv1d")).toBe("conv1");
  });

  it("stays where data is bound to it or the recipe means it", () => {
    expect(named("input1", "Input", "ReLU")).toBe("input1");
    for (const pattern of ["conv1", "conv*", "model/conv1", "block1.conv?", "conv[12]"]) expect(named("conv1", "Conv2d", "Linear", [], [pattern])).toBe("conv1");
    for (const pattern of ["conv2", "head", "conv[!1]"]) expect(named("conv1", "Conv2d", "Linear", [], [pattern])).toBe("linear1");
  });

  it("is taken along by its edges and its place, in one step", () => {
    const doc: Doc = {
      graphs: { model: { nodes: [{ id: "x", layer: "Input", params: {} }, { id: "conv1", layer: "Conv2d", params: {} }], edges: [["x", "conv1"]] } },
      modules: {}, positions: { model: { conv1: { x: 7, y: 9 } } },
    };
    const steps: Step[] = [["set_layer", { id: "conv1", layer: "ReLU", params: {} }], ["rename", { id: "conv1", new: "relu1" }]];
    const after = applyEdit(doc, { graph: "model", label: "", steps });
    expect(after.graphs.model!.edges).toEqual([["x", "relu1"]]);
    expect(after.positions.model).toEqual({ relu1: { x: 7, y: 9 } });
  });
});

describe("what an edit makes", () => {
  it("is turned to: the nodes that were not there, whatever else it changes", () => {
    const doc: Doc = { graphs: { model: { nodes: [{ id: "head", layer: "Linear", params: {} }], edges: [] } }, modules: {}, positions: {} };
    const view = { doc, graph: "model", opened: new Set(), faces: () => undefined, ports: {} } as unknown as View;
    const steps: Step[] = [["add_node", { layer: "Flatten", id: "flat1" }], ["connect", { source: "flat1", target: "head" }], ["set_params", { id: "head", params: { bias: false } }]];
    expect(newIn(view, { graph: "model", label: "", steps })).toEqual(["flat1"]);
    expect(newIn(view, { graph: "model", label: "", steps: [steps[2]!] })).toEqual([]);
  });
});
