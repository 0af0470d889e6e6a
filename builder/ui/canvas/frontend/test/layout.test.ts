import { describe, expect, it } from "vitest";

import { addLayer, bypass, connect, remove, repair, seated, whereNext } from "../src/model/actions";
import { copied, paste, readClip } from "../src/model/clipboard";
import { ungroupSelected } from "../src/model/modules";
import { move, tidy } from "../src/model/placing";
import { applyEdit } from "../src/model/graph";
import { arrange, shortcuts } from "../src/model/layout";
import { rounded, routes } from "../src/model/route";
import { facesOf, sceneOf, type Scene, type View } from "../src/model/scene";
import { pace } from "../src/model/striplayout";
import { HEIGHT, LAMINA, SEAM } from "../src/model/stacks";
import type { Doc, EdgePair, Family, GraphSpec, LayerFace } from "../src/model/types";

function face(name: string, family: Family, lamina = false, more: Partial<LayerFace> = {}): LayerFace {
  const port = { name: "x", many: false, optional: false };
  return { name, family, help: "", params: [], inputs: [port], outputs: [{ ...port, name: "out" }], docs: "", keywords: [], lamina, ...more };
}

const LAYERS: Record<string, LayerFace> = Object.fromEntries(
  [
    face("Input", "io", false, { inputs: [] }), face("Output", "io", false, { outputs: [] }), face("Conv2d", "conv"),
    face("BatchNorm2d", "norm", true), face("ReLU", "act", true), face("Linear", "linear"), face("Flatten", "pool", true),
    face("Add", "merge", false, { inputs: [{ name: "x", many: true, optional: false }] }),
  ].map((item) => [item.name, item]),
);

function graph(spec: [string, string][], extra: EdgePair[] = []): GraphSpec {
  const nodes = spec.map(([id, layer]) => ({ id, layer, params: {} }));
  const edges = nodes.slice(1).map((node, index): EdgePair => [nodes[index]!.id, node.id]);
  return { nodes, edges: [...edges, ...extra] };
}

const RESIDUAL = graph(
  [["image", "Input"], ["conv1", "Conv2d"], ["relu1", "ReLU"], ["conv2", "Conv2d"], ["bn2", "BatchNorm2d"], ["add1", "Add"], ["relu2", "ReLU"], ["out", "Output"]],
  [["relu1", "add1"]],
);

function viewOf(model: GraphSpec, positions = {}, modules: Record<string, GraphSpec> = {}, opened: string[] = []): View {
  const doc: Doc = { graphs: { model }, modules, positions: { model: positions } };
  return { doc, graph: "model", faces: facesOf(doc, LAYERS), opened: new Set(opened) };
}

const at = (scene: Scene, key: string) => scene.byKey.get(key)!.at;

describe("stacks", () => {
  it("snap normalisation, activation and Output under the layer before, without an edge between them", () => {
    const scene = sceneOf(viewOf(RESIDUAL));
    expect([...scene.stacks.values()]).toEqual([["image"], ["conv1", "relu1"], ["conv2", "bn2"], ["add1", "relu2", "out"]]);
    expect(at(scene, "relu1").y - at(scene, "conv1").y).toBe(HEIGHT + SEAM);
    expect(at(scene, "out").y - at(scene, "relu2").y).toBe(LAMINA + SEAM);
    expect(scene.wires.filter((wire) => wire.hidden).map((wire) => wire.target)).toEqual(["relu1", "bn2", "relu2", "out"]);
  });

  it("break where a layer feeds two others, or where a person has set it apart", () => {
    const forked = graph([["a", "Conv2d"], ["b", "ReLU"]], [["a", "c"]]);
    forked.nodes.push({ id: "c", layer: "Conv2d", params: {} });
    expect(sceneOf(viewOf(forked)).stacks.size).toBe(3);
    expect(sceneOf(viewOf(RESIDUAL, { relu1: { x: 400, y: 0 } })).stacks.get("relu1")).toEqual(["relu1"]);
  });
});

describe("the layout", () => {
  it("puts a chain in one straight column, each below the one before, nothing overlapping", () => {
    const scene = sceneOf(viewOf(RESIDUAL));
    const heads = [...scene.stacks.keys()].map((key) => scene.byKey.get(key)!);
    expect(new Set(heads.map((item) => item.at.x)).size).toBe(1);
    const items = [...scene.items].sort((a, b) => a.at.y - b.at.y);
    items.slice(1).forEach((item, index) => expect(item.at.y).toBeGreaterThanOrEqual(items[index]!.at.y + items[index]!.height));
  });

  it("knows a shortcut by the longer way round", () => {
    const links = [["a", "b"], ["b", "c"], ["a", "c"]].map(([source, target]) => ({ source: source!, target: target! }));
    expect([...shortcuts(links)]).toEqual([links[2]]);
  });

  it("keeps two branches beside each other", () => {
    const blocks = ["a", "b", "c", "d"].map((id) => ({ id, width: 228, height: 46 }));
    const links = [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]].map(([source, target]) => ({ source: source!, target: target! }));
    const places = arrange(blocks, links);
    expect(Math.abs(places.b!.x - places.c!.x)).toBeGreaterThanOrEqual(228);
    expect(places.b!.y).toBe(places.c!.y);
  });

  it("survives a circle and an edge to itself", () => {
    const ring: GraphSpec = { nodes: RESIDUAL.nodes.slice(1, 4), edges: [["conv1", "relu1"], ["relu1", "conv2"], ["conv2", "conv1"], ["conv2", "conv2"]] };
    const scene = sceneOf(viewOf(ring));
    expect(scene.items).toHaveLength(3);
    expect(routes(scene).size).toBeGreaterThan(0);
  });

  it("places each of 500 layers", () => {
    const spec = Array.from({ length: 500 }, (_, index): [string, string] => [`n${index}`, index % 3 ? "ReLU" : "Conv2d"]);
    const scene = sceneOf(viewOf(graph(spec)));
    expect(new Set(scene.items.map((item) => `${item.at.x},${item.at.y}`)).size).toBe(500);
  });
});

describe("routes", () => {
  it("run straight down the trunk, and a shortcut in a lane beside it into the left side", () => {
    const scene = sceneOf(viewOf(RESIDUAL));
    const paths = routes(scene);
    expect(paths.get("image>conv1")!.d).toMatch(/^M114 46L114 \d+$/);
    const lane = paths.get("relu1>add1")!;
    expect(lane.towards).toBe("right");
    expect(lane.tip.x).toBeLessThan(at(scene, "add1").x);
    expect(lane.dot).not.toBeNull();
    const numbers = [...lane.d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number);
    expect(Math.min(...numbers)).toBeLessThan(at(scene, "conv2").x - 20);
  });

  it("take a lane beside nodes that stand in their way, with the label on it", () => {
    const column: GraphSpec = { ...graph([["input1", "Input"], ["conv1", "Conv2d"], ["relu1", "ReLU"], ["linear1", "Linear"]]), edges: [["input1", "linear1"]] };
    const places = { input1: { x: 0, y: 0 }, conv1: { x: 0, y: 90 }, relu1: { x: 12, y: 180 }, linear1: { x: 0, y: 270 } };
    const routed = (at: typeof places) => routes(sceneOf(viewOf(column, at))).get("input1>linear1")!;
    const lane = routed(places);
    const numbers = [...lane.d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number);
    expect(Math.min(...numbers)).toBeLessThan(-20);
    expect(lane.tip).toEqual({ x: 114, y: 269 });
    expect(lane.label.x).toBeLessThan(0);
    expect(routed({ ...places, conv1: { x: 400, y: 90 }, relu1: { x: 400, y: 180 } }).d).toBe("M114 46L114 265");
    const passed = routed({ ...places, conv1: { x: 40, y: 90 }, relu1: { x: 400, y: 180 }, linear1: { x: -300, y: 270 } });
    expect(passed.d).toBe("M114 46L114 51Q114 56 109 56L-176 56Q-186 56 -186 66L-186 265");
    const beside = routed({ input1: { x: 0, y: 0 }, conv1: { x: 0, y: 90 }, relu1: { x: -240, y: 140 }, linear1: { x: 0, y: 270 } });
    expect(Math.min(...[...beside.d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number))).toBeLessThan(-240);
  });

  it("bend with the radius, less where there is no room", () => {
    expect(rounded([[0, 0], [0, 40], [40, 40]])).toBe("M0 0L0 30Q0 40 10 40L40 40");
    expect(rounded([[0, 0], [0, 8], [40, 8]])).toBe("M0 0L0 4Q0 8 4 8L40 8");
  });
});

describe("opened modules", () => {
  const block = graph([["x", "Input"], ["conv", "Conv2d"], ["act", "ReLU"], ["y", "Output"]]);
  const outer = graph([["image", "Input"], ["block1", "Block"], ["head", "Linear"]]);

  it("show their layers in a frame; edges run through to them", () => {
    const scene = sceneOf(viewOf(outer, {}, { Block: block }, ["block1"]));
    expect(scene.frames).toHaveLength(1);
    expect(scene.items.map((item) => item.key)).toEqual(["image", "block1/conv", "block1/act", "head"]);
    expect(scene.wires.filter((wire) => !wire.hidden).map((wire) => `${wire.source}>${wire.target}`)).toEqual(expect.arrayContaining(["image>block1/conv", "block1/act>head"]));
    const [frame] = scene.frames;
    expect(at(scene, "block1/conv").y).toBeGreaterThan(frame!.at.y);
    expect(at(scene, "head").y).toBeGreaterThan(frame!.at.y + frame!.height);
    expect(at(scene, "image").x).toBe(at(scene, "block1/conv").x);
  });

  it("edit the module's own graph from inside the frame", () => {
    const view = viewOf(outer, {}, { Block: block }, ["block1"]);
    const scene = sceneOf(view);
    const made = addLayer(view, scene, LAYERS.BatchNorm2d!, { kind: "after", key: "block1/conv" });
    expect(made.edit.graph).toBe("modules.Block");
    expect(made.select).toEqual(["block1/bn1"]);
    expect(applyEdit(view.doc, made.edit).modules.Block!.edges).toContainEqual(["conv", "bn1"]);
  });

  it("refuse to draw a module inside itself without end", () => {
    const self = graph([["x", "Input"], ["again", "Block"]]);
    const opened = Array.from({ length: 20 }, (_, depth) => ["block1", ...Array.from({ length: depth }, () => "again")].join("/"));
    expect(sceneOf(viewOf(outer, {}, { Block: self }, opened)).items.length).toBeLessThan(20);
  });
});

describe("actions", () => {
  it("insert after the selected layer and push what follows down in a layout by hand", () => {
    const places = { image: { x: 0, y: 0 }, conv1: { x: 0, y: 66 }, conv2: { x: 0, y: 170 }, add1: { x: 0, y: 280 } };
    const view = viewOf(RESIDUAL, places);
    const scene = sceneOf(view);
    const made = addLayer(view, scene, LAYERS.Conv2d!, { kind: "after", key: "image" });
    const doc = applyEdit(view.doc, made.edit);
    const next = sceneOf({ ...view, doc });
    expect(doc.graphs.model!.edges[0]).toEqual(["image", "conv3"]);
    expect(at(next, "conv1").y).toBeGreaterThanOrEqual(at(next, "conv3").y + HEIGHT);
    expect(at(next, "conv3").x).toBe(0);
  });

  it("put a layer before the Output when that is selected", () => {
    const view = viewOf(graph([["image", "Input"], ["out", "Output"]]));
    const made = addLayer(view, sceneOf(view), LAYERS.Linear!, { kind: "after", key: "out" });
    expect(applyEdit(view.doc, made.edit).graphs.model!.edges).toEqual([["image", "linear1"], ["linear1", "out"]]);
  });

  it("find the loose end where nothing is selected", () => {
    const scene = sceneOf(viewOf(graph([["image", "Input"], ["conv1", "Conv2d"]])));
    expect(whereNext(scene, new Set(), { x: 1, y: 2 })).toEqual({ kind: "after", key: "conv1" });
    expect(whereNext(sceneOf(viewOf({ nodes: [], edges: [] })), new Set(), { x: 1, y: 2 })).toEqual({ kind: "point", at: { x: 1, y: 2 } });
  });

  it("give up the old edge of an input that takes one, and add to one that takes many", () => {
    const scene = sceneOf(viewOf(RESIDUAL));
    expect(connect(scene, "image", "", "conv2", "")!.steps.map(([name]) => name)).toEqual(["disconnect", "connect"]);
    expect(connect(scene, "image", "", "add1", "")!.steps.map(([name]) => name)).toEqual(["connect"]);
    expect(connect(scene, "image", "", "image", "")).toBeNull();
    expect(connect(scene, "conv1", "", "image", "")).toBeNull();
  });

  it("join what was before and behind a deleted layer", () => {
    const view = viewOf(RESIDUAL);
    const [edit] = remove(sceneOf(view), ["bn2"]);
    expect(applyEdit(view.doc, edit!).graphs.model!.edges).toContainEqual(["conv2", "add1"]);
  });

  it("lead the flow past a bypassed layer and keep it", () => {
    const view = viewOf(RESIDUAL);
    const model = applyEdit(view.doc, bypass(view, sceneOf(view), "conv2")!).graphs.model!;
    expect(model.nodes.map((node) => node.id)).toContain("conv2");
    expect(model.edges).toContainEqual(["relu1", "bn2"]);
    expect(model.edges.flat()).not.toContain("conv2");
  });

  it("copy and paste under fresh names with the edges among them, also into another project", () => {
    const view = viewOf(RESIDUAL);
    const clip = readClip(JSON.stringify(copied(view, sceneOf(view), ["conv1", "relu1"])))!;
    const made = paste(view, sceneOf(view), clip);
    const model = applyEdit(view.doc, made.edit).graphs.model!;
    expect(made.select).toEqual(["conv3", "relu3"]);
    expect(model.edges).toContainEqual(["conv3", "relu3"]);
    const empty = viewOf({ nodes: [], edges: [] });
    expect(paste(empty, sceneOf(empty), clip).select).toEqual(["conv1", "relu1"]);
  });

  it("take nothing from a clipboard that is not Lamina's", () => {
    expect(readClip("hello")).toBeNull();
    expect(readClip('{"lamina":"nodes","nodes":[{"id":"a b","layer":"X","params":{}}],"edges":[]}')).toBeNull();
    expect(readClip('{"lamina":"nodes","nodes":[{"id":"a","layer":"X","params":{}}],"edges":[["a","b","c"]]}')).toBeNull();
  });

  it("pin everything when one node is moved by hand, so that nothing else jumps", () => {
    const view = viewOf(RESIDUAL);
    const scene = sceneOf(view);
    const [edit] = move(view, scene, new Map([["conv2", { x: 300, y: 90 }]]));
    const next = sceneOf({ ...view, doc: applyEdit(view.doc, edit!) });
    expect(at(next, "conv2")).toEqual({ x: 300, y: 90 });
    for (const key of ["image", "conv1", "add1", "relu2"]) expect(at(next, key)).toEqual(at(scene, key));
  });

  it("set a lamina apart when it is dragged away, and snap it back when it is not", () => {
    const view = viewOf(RESIDUAL);
    const scene = sceneOf(view);
    const [far] = move(view, scene, new Map([["relu1", { x: 500, y: 100 }]]));
    expect(sceneOf({ ...view, doc: applyEdit(view.doc, far!) }).stacks.get("relu1")).toEqual(["relu1"]);
    const home = at(scene, "relu1");
    const [near] = move(view, scene, new Map([["relu1", { x: home.x + 5, y: home.y + 4 }]]));
    expect(sceneOf({ ...view, doc: applyEdit(view.doc, near!) }).stacks.get("conv1")).toContain("relu1");
  });

  it("tidy up into stacks again", () => {
    const view = viewOf(RESIDUAL, { relu1: { x: 900, y: 900 }, conv1: { x: 40, y: -300 } });
    const next = sceneOf({ ...view, doc: applyEdit(view.doc, tidy(view, sceneOf(view), "model")) });
    expect(next.stacks.get("conv1")).toEqual(["conv1", "relu1"]);
  });
});

describe("modules that are selected", () => {
  const doc: Doc = {
    graphs: { model: { nodes: [{ id: "x", layer: "Input", params: {} }, { id: "block1", layer: "Outer", params: {} }], edges: [["x", "block1"]] } },
    modules: {
      Outer: { nodes: [{ id: "in1", layer: "Input", params: {} }, { id: "inner1", layer: "Inner", params: {} }], edges: [["in1", "inner1"]] },
      Inner: { nodes: [{ id: "in2", layer: "Input", params: {} }, { id: "act", layer: "Identity", params: {} }], edges: [["in2", "act"]] },
    },
    positions: {},
  };
  const scene = (opened: string[]) => sceneOf({ doc, graph: "model", faces: facesOf(doc, {}), opened: new Set(opened) });

  it("are ungrouped in the graph that holds them, opened in place or not", () => {
    expect(ungroupSelected(scene([]), new Set(["block1"]))).toMatchObject({ graph: "model", steps: [["ungroup", { id: "block1" }]] });
    const opened = scene(["block1", "block1/inner1"]);
    expect(ungroupSelected(opened, new Set(["block1/inner1"]))).toMatchObject({ graph: "modules.Outer", steps: [["ungroup", { id: "inner1" }]] });
    expect(ungroupSelected(opened, new Set(["x"]))).toBeNull();
  });
});

describe("the health strip", () => {
  it("shows all columns at once where they can be read, first by narrower gaps", () => {
    const whole = (width: number, columns: number) => { const { node, gap } = pace(width, columns); return 32 + columns * node + (columns - 1) * gap; };
    expect(pace(1440, 6)).toEqual({ node: 190, gap: 36 });
    for (const [width, columns] of [[1440, 10], [1280, 9], [1280, 8]] as const) expect(whole(width, columns)).toBeLessThanOrEqual(width);
    expect(pace(1280, 14)).toEqual({ node: 112, gap: 20 });
  });
});

describe("a repair", () => {
  it("gives what it adds room where a person has placed the nodes", () => {
    const chain = graph([["image", "Input"], ["conv1", "Conv2d"], ["head", "Linear"]]);
    const view = viewOf(chain, { image: { x: 0, y: 0 }, conv1: { x: 0, y: 66 }, head: { x: 0, y: 132 } });
    const fix = { label: "Put Flatten before head", why: "", price: "", edits: [["insert_on_edge", { edge: ["conv1", "head"], layer: "Flatten", id: "flat1", params: {} }]] };
    const scene = sceneOf({ ...view, doc: applyEdit(view.doc, repair(view, "model", fix as never)) });
    expect(scene.stacks.get("conv1")).toEqual(["conv1", "flat1"]);
    expect(at(scene, "head").y).toBeGreaterThanOrEqual(at(scene, "flat1").y + LAMINA + 20);
    expect(repair(viewOf(chain), "model", fix as never).steps).toHaveLength(1);
  });
});

describe("a second connection", () => {
  it("leaves what it tears off a stack below that stack, and makes room there", () => {
    const chain = graph([["image", "Input"], ["conv1", "Conv2d"], ["relu1", "ReLU"], ["conv2", "Conv2d"]]);
    chain.nodes.push({ id: "add1", layer: "Add", params: {} });
    const view = viewOf(chain, { image: { x: 0, y: 0 }, conv1: { x: 0, y: 66 }, conv2: { x: 0, y: 160 }, add1: { x: 400, y: 300 } });
    const scene = sceneOf(view);
    const after = sceneOf({ ...view, doc: applyEdit(view.doc, seated(view, scene, connect(scene, "conv1", "", "add1", "")!)) });
    expect(after.stacks.get("relu1")).toEqual(["relu1"]);
    expect(at(after, "relu1")).toEqual({ x: 0, y: 66 + HEIGHT + 20 });
    expect(at(after, "conv2").y).toBeGreaterThan(at(after, "relu1").y + LAMINA);
    const free = viewOf(chain);
    const edit = connect(sceneOf(free), "conv1", "", "add1", "")!;
    expect(seated(free, sceneOf(free), edit)).toBe(edit);
  });
});
