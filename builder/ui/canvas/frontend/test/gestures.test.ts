import { describe, expect, it } from "vitest";

import { toolsAt } from "../src/canvas/Overlays";
import { addLayer, connectBack, remove } from "../src/model/actions";
import { copied, paste, readClip, type Clip } from "../src/model/clipboard";
import { parse } from "../src/model/field";
import { applyEdit } from "../src/model/graph";
import { arrange } from "../src/model/layout";
import { everything } from "../src/model/lookup";
import { move, standing } from "../src/model/placing";
import { routes } from "../src/model/route";
import { facesOf, sceneOf, type View } from "../src/model/scene";
import { WIDTH } from "../src/model/stacks";
import type { Doc, EdgePair, GraphSpec, LayerFace, ParamFace } from "../src/model/types";

const port = (name: string, many = false) => ({ name, many, optional: false });
const face = (name: string, lamina = false, inputs = [port("x")], outputs = [port("out")]): LayerFace =>
  ({ name, family: "linear", help: "", params: [], inputs, outputs, docs: "", keywords: [], lamina });
const LAYERS = Object.fromEntries(
  [face("Input", false, []), face("Output", false, [port("x")], []), face("Conv2d"), face("ReLU", true), face("Linear"), face("Add", false, [port("x", true)])]
    .map((one) => [one.name, one]),
);
const graph = (spec: Record<string, string>, edges: EdgePair[]): GraphSpec =>
  ({ nodes: Object.entries(spec).map(([id, layer]) => ({ id, layer, params: {} })), edges });
const INSIDE = graph({ x: "Input", fc: "Linear", y: "Output" }, [["x", "fc"], ["fc", "y"]]);
const OUTER = graph({ x: "Input", inner: "Inner", y: "Output" }, [["x", "inner"], ["inner", "y"]]);

function viewOf(model: GraphSpec, modules: Record<string, GraphSpec> = {}, opened: string[] = []): View {
  const doc: Doc = { graphs: { model }, modules, positions: { model: {} } };
  return { doc, graph: "model", faces: facesOf(doc, LAYERS), opened: new Set(opened) };
}

const CHAIN = graph(
  { image: "Input", conv1: "Conv2d", relu1: "ReLU", conv2: "Conv2d", fc: "Linear", out: "Output" },
  [["image", "conv1"], ["conv1", "relu1"], ["relu1", "conv2"], ["conv2", "fc"], ["fc", "out"]],
);

describe("a drag of several", () => {
  it("keeps a stack together whose head goes along, and takes a lamina out of one that stays", () => {
    const view = viewOf(CHAIN);
    const scene = sceneOf(view);
    const to = new Map(["conv1", "relu1"].map((key) => [key, { x: scene.byKey.get(key)!.at.x + 300, y: scene.byKey.get(key)!.at.y }]));
    const doc = move(view, scene, standing(scene, to, new Set(["conv1", "relu1"]))).reduce(applyEdit, view.doc);
    expect(sceneOf({ ...view, doc }).stacks.get("conv1")).toEqual(["conv1", "relu1"]);
    expect([...standing(scene, to, new Set(["relu1"])).keys()]).toContain("relu1");
  });
});

describe("a connection drawn backwards", () => {
  const after = (onto: string) => {
    const view = viewOf(CHAIN);
    return applyEdit(view.doc, connectBack(sceneOf(view), "conv2", "x", onto, "")!).graphs.model!.edges;
  };

  it("takes the result of a node that comes before", () => {
    expect(after("image")).toContainEqual(["image", "conv2"]);
    expect(after("image")).not.toContainEqual(["relu1", "conv2"]);
  });

  it("carries the end of its edge to a node that comes later, for no circle is meant", () => {
    expect(after("fc")).toContainEqual(["relu1", "fc"]);
    expect(after("fc")).not.toContainEqual(["relu1", "conv2"]);
  });

  it("puts a layer before the input when it ends on empty ground", () => {
    const view = viewOf(CHAIN);
    const where = { kind: "before", key: "conv2", port: "x", at: { x: 0, y: 0 } } as const;
    const { edit, select } = addLayer(view, sceneOf(view), LAYERS.Linear!, where);
    const { edges } = applyEdit(view.doc, edit).graphs.model!;
    expect(edges).toEqual(expect.arrayContaining([["relu1", select[0]], [select[0], "conv2"]]));
    const source = addLayer(view, sceneOf(view), LAYERS.Input!, where);
    const fed = applyEdit(view.doc, source.edit).graphs.model!.edges.filter((pair) => pair[1] === "conv2");
    expect(fed).toEqual([[source.select[0], "conv2"]]);
  });
});

describe("a module on the clipboard", () => {
  const from = viewOf(graph({ image: "Input", a: "Outer" }, [["image", "a"]]), { Inner: INSIDE, Outer: OUTER });
  const clip = readClip(JSON.stringify(copied(from, sceneOf(from), ["a"]))) as Clip;
  const pasted = (into: View) => {
    const { edit, select } = paste(into, sceneOf(into), clip);
    const doc = applyEdit(into.doc, edit);
    return { doc, node: doc.graphs.model!.nodes.find((node) => node.id === select[0])! };
  };

  it("brings itself and what is inside of it to another project", () => {
    const { doc, node } = pasted(viewOf(graph({}, [])));
    expect(node.layer).toBe("Outer");
    expect(doc.modules).toEqual({ Inner: INSIDE, Outer: OUTER });
  });

  it("is the one that is there already where they are equal, and has another name where they are not", () => {
    expect(Object.keys(pasted(from).doc.modules)).toEqual(["Inner", "Outer"]);
    const other = graph({ x: "Input", y: "Output" }, [["x", "y"]]);
    const { doc, node } = pasted(viewOf(graph({}, []), { Inner: other }));
    expect(doc.modules.Inner).toEqual(other);
    expect(doc.modules.Inner1).toEqual(INSIDE);
    expect(doc.modules[node.layer]!.nodes[1]!.layer).toBe("Inner1");
  });

  it("is refused where it has not the form of a graph", () => {
    expect(readClip(JSON.stringify({ ...clip, modules: { Inner: { nodes: [{ id: "a b" }], edges: [] } } }))).toBeNull();
  });
});

describe("what is pasted", () => {
  it("covers nothing that is there", () => {
    const view = viewOf(CHAIN);
    const scene = sceneOf(view);
    const { edit, select } = paste(view, scene, copied(view, scene, ["conv2", "fc"])!);
    const after = sceneOf({ ...view, doc: applyEdit(view.doc, edit) });
    const [fresh, old] = [after.items.filter((item) => select.includes(item.key)), after.items.filter((item) => !select.includes(item.key))];
    expect(fresh).toHaveLength(2);
    for (const one of fresh) for (const other of old)
      expect(Math.abs(one.at.x - other.at.x) >= WIDTH || one.at.y >= other.at.y + other.height || other.at.y >= one.at.y + one.height).toBe(true);
  });
});

describe("the tools of a selection", () => {
  const size = { width: 700, height: 670 };
  it("do not lie on the node where there is room for them neither beside nor above it", () => {
    const card = { left: 394, top: 8, right: 684, bottom: 190 };
    const box = { left: 116, top: 20, right: 346, bottom: 66 };
    expect(toolsAt(box, 126, 27, size, card)).toMatchObject({ beside: false, top: 74 });
    expect(toolsAt({ ...box, top: 320, bottom: 366 }, 126, 327, size, { ...card, top: 280, bottom: 460 })).toMatchObject({ top: 280 });
    expect(toolsAt(box, 126, 27, size, null)).toMatchObject({ beside: true, left: 386 });
  });
});

describe("a module opened in place", () => {
  const view = viewOf(graph({ image: "Input", a: "Inner", out: "Output" }, [["image", "a"], ["a", "out"]]), { Inner: INSIDE }, ["a"]);

  it("is deleted as a whole when it is selected, and all that is selected holds it as one", () => {
    const scene = sceneOf(view);
    expect(everything(scene).sort()).toEqual(["a", "image", "out"]);
    const doc = remove(scene, ["a"]).reduce(applyEdit, view.doc);
    expect(doc.graphs.model!.nodes.map((node) => node.id)).toEqual(["image", "out"]);
    expect(doc.modules.Inner).toEqual(INSIDE);
  });
});

describe("pieces that nothing connects", () => {
  it("stand in rows and not in one line that no window holds", () => {
    const blocks = Array.from({ length: 200 }, (_, index) => ({ id: `n${index}`, width: 228, height: 46 }));
    const places = Object.values(arrange(blocks, []));
    const [wide, high] = [Math.max(...places.map((at) => at.x)), Math.max(...places.map((at) => at.y))];
    expect(wide).toBeLessThan(3000);
    expect(high).toBeLessThan(3000);
    expect(new Set(places.map((at) => `${at.x},${at.y}`)).size).toBe(200);
  });
});

describe("a number typed by hand", () => {
  const of = (kind: string) => ({ name: "n", kind, low: 1, high: 100_000, default: 1, required: false, choices: [], help: "" }) as unknown as ParamFace;

  it("with a comma has thousands where it is whole and a decimal point where it is not", () => {
    expect(parse(of("int"), "1,000")).toEqual({ value: 1000 });
    expect(parse(of("int"), "3,5")).toHaveProperty("wrong");
    expect(parse(of("float"), "2,5")).toEqual({ value: 2.5 });
  });

  it("is written in decimals", () => {
    for (const text of ["0x10", "1e400", "", "-1", "1e9", "abc"]) expect(parse(of("int"), text)).toHaveProperty("wrong");
  });
});

describe("a thousand shortcuts", () => {
  it("that run side by side each have a lane of their own", () => {
    const names = Array.from({ length: 40 }, (_, index) => `add${index}`);
    const chain = names.slice(1).map((name, index): EdgePair => [names[index]!, name]);
    const over = names.flatMap((name, index) => names.slice(index + 2).map((later): EdgePair => [name, later]));
    const scene = sceneOf(viewOf(graph(Object.fromEntries(names.map((name) => [name, "Add"])), [...chain, ...over])));
    const paths = routes(scene);
    const lanes = scene.wires.filter((wire) => wire.shortcut).map((wire) => {
      const path = paths.get(wire.key)!;
      return { x: path.label.x, top: scene.byKey.get(wire.source)!.at.y + 54, bottom: path.tip.y };
    });
    expect(lanes).toHaveLength(over.length);
    const clash = lanes.some((a, at) => lanes.slice(at + 1).some((b) => Math.abs(a.x - b.x) < 16 && a.top < b.bottom && b.top < a.bottom));
    expect(clash).toBe(false);
  });
});
