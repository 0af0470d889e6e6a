import { describe, expect, it } from "vitest";

import { connect, seated } from "../src/model/actions";
import { applyEdit } from "../src/model/graph";
import { sceneOf, type View } from "../src/model/scene";
import { routes } from "../src/model/route";
import type { LayerFace } from "../src/model/types";

const face = (name: string, lamina = false): LayerFace => ({
  name, family: "linear", module: false, lamina, params: [], help: "", link: "", also: [],
  inputs: name === "Input" ? [] : [{ name: "x", many: false, optional: false }], outputs: name === "Output" ? [] : [{ name: "out" }],
} as unknown as LayerFace);
const FACES: Record<string, LayerFace> = Object.fromEntries([face("Input"), face("Conv2d"), face("ReLU", true), face("Flatten", true), face("Linear"), face("Output")].map((f) => [f.name, f]));
const view: View = {
  doc: { graphs: { model: {
    nodes: [["image", "Input"], ["conv1", "Conv2d"], ["relu1", "ReLU"], ["flat", "Flatten"], ["linear1", "Linear"], ["out", "Output"]].map(([id, layer]) => ({ id: id!, layer: layer!, params: {} })),
    edges: [["image", "conv1"], ["conv1", "relu1"], ["relu1", "flat"], ["flat", "linear1"], ["linear1", "out"]],
  } }, modules: {}, positions: {} },
  graph: "model", faces: (name: string) => FACES[name], opened: new Set(), ports: {},
};

describe("a connection that closes a circle", () => {
  it("is drawn until it is refused, though the rest of the network is outside of it", () => {
    const scene = sceneOf(view);
    const edit = connect(scene, "linear1", "", "conv1", "")!;
    const after = { ...view, doc: applyEdit(view.doc, seated(view, scene, edit)) };
    const turned = sceneOf(after);
    expect(turned.items.length).toBe(6);
    expect(routes(turned).size).toBeGreaterThan(0);
  });
});
