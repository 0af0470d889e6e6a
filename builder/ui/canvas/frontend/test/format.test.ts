import { describe, expect, it } from "vitest";

import { offered, parse, show, stepped } from "../src/model/field";
import { find } from "../src/model/find";
import { bytes, count, flowText, laminaText, shapeText, shapesText, short, since } from "../src/model/format";
import { freshId } from "../src/model/graph";
import { percent, verdict } from "../src/model/health";
import { highlight } from "../src/model/highlight";
import { plan } from "../src/model/striplayout";
import type { Info, LayerFace, ParamFace } from "../src/model/types";

const info = (inputs: number[][], outputs: number[][], assumed = false): Info => ({ inputs, outputs, parameters: 0, macs: 0, assumed, derivation: "", inferred: {} });

describe("shapes", () => {
  it("are written with × and without the batch", () => {
    expect(shapeText([3, 32, 32])).toBe("3×32×32");
    expect(shapeText([10])).toBe("10");
    expect(shapeText([])).toBe("scalar");
    expect(shapesText([[3, 4], [3, 4]])).toBe("2 × 3×4");
  });

  it("show what goes in and out, once where nothing changes, with ≈ where assumed", () => {
    expect(flowText(info([[3, 32, 32]], [[16, 32, 32]]))).toBe("3×32×32 → 16×32×32");
    expect(flowText(info([[32, 16, 16]], [[32, 16, 16]]))).toBe("32×16×16");
    expect(flowText(info([[8], [8]], [[8]]))).toBe("8");
    expect(flowText(info([[32]], [[10]], true))).toBe("≈ 32 → 10");
    expect(flowText(info([], [[3, 32, 32]]))).toBe("3×32×32");
    expect(flowText(undefined)).toBe("");
  });

  it("stand on a lamina only where it changes them", () => {
    expect(laminaText(info([[8, 2, 2]], [[32]]))).toBe("→ 32");
    expect(laminaText(info([[8]], [[8]]))).toBe("");
    expect(laminaText(info([[8]], [[8]], true))).toBe("→ ≈ 8");
    expect(laminaText(info([[10]], [[10]]), true)).toBe("→ 10");
  });
});

describe("numbers", () => {
  it("are short and have separators", () => {
    expect(count(14826)).toBe("14,826");
    expect(short(3_980_000)).toBe("3.98 M");
    expect(short(2_500_000_000)).toBe("2.50 G");
    expect(bytes(56 * 1024 * 1024)).toBe("56 MB");
    expect(bytes(900)).toBe("900 B");
    expect(since(0, 30_000)).toBe("just now");
    expect(since(0, 180_000)).toBe("3 min ago");
  });
});

const param = (more: Partial<ParamFace>): ParamFace => ({ name: "p", kind: "int", required: false, default: 1, start: null, help: "", low: 1, high: 64, choices: [], inferred: false, ...more });

describe("fields", () => {
  it("take good input and say what is wrong with other input", () => {
    expect(parse(param({}), "12")).toEqual({ value: 12 });
    expect(parse(param({}), "1.5")).toEqual({ wrong: "A whole number, please." });
    expect(parse(param({}), "65")).toEqual({ wrong: "From 1 to 64." });
    expect(parse(param({}), "x")).toEqual({ wrong: "A whole number, please." });
    expect(parse(param({ kind: "float", low: 0, high: null }), "0,5")).toEqual({ value: 0.5 });
    expect(parse(param({ kind: "float", low: 0, high: null }), "-1")).toEqual({ wrong: "0 or more." });
    expect(parse(param({ kind: "size" }), "3×5")).toEqual({ value: [3, 5] });
    expect(parse(param({ kind: "size" }), "3")).toEqual({ value: 3 });
    expect(parse(param({ kind: "size", choices: ["same", "valid"] }), "same")).toEqual({ value: "same" });
    expect(parse(param({ kind: "ints", low: null, high: null }), "1, 28, 28")).toEqual({ value: [1, 28, 28] });
    expect(parse(param({ kind: "optional_int", default: null }), "")).toEqual({ value: null });
  });

  it("show what is set, and an empty choice in the help's words where nothing is", () => {
    const form = param({ kind: "choice", default: null, low: null, high: null, choices: ["vector", "image"], help: "What it is. Empty: the data decides." });
    const empty = { value: "", label: "by the data" };
    expect(offered(form, null)[0]).toEqual(empty);
    expect(offered(form, "image")[0]).toEqual(empty);
    expect(offered({ ...form, help: "" }, null)[0]).toEqual({ value: "", label: "none" });
    expect(offered({ ...form, default: "image" }, "image").map((choice) => choice.value)).toEqual(["vector", "image"]);
    expect(offered({ ...form, required: true }, undefined)[0]).toEqual({ value: "", label: "choose" });
  });

  it("step inside their bounds", () => {
    expect(stepped(param({}), 64, 1)).toBe(64);
    expect(stepped(param({}), 3, -1)).toBe(2);
    expect(stepped(param({ kind: "float", low: 0, high: 1 }), 0.5, 1)).toBe(0.55);
  });
});

describe("names", () => {
  it("are those that Python gives", () => {
    expect(freshId(new Set(["conv1"]), "Conv2d")).toBe("conv2");
    expect(freshId(new Set(), "AdaptiveAvgPool2d")).toBe("pool1");
    expect(freshId(new Set(), "MultiheadAttention")).toBe("attention1");
    expect(freshId(new Set(), "ReLU")).toBe("relu1");
  });
});

describe("search", () => {
  const faces = [["Conv2d", ["image filter"]], ["ConvTranspose2d", []], ["Dropout", ["regularise"]]].map(
    ([name, keywords]) => ({ name, keywords, help: "" }) as unknown as LayerFace,
  );
  it("puts the name first and knows keywords", () => {
    expect(find(faces, "conv").map((face) => face.name)).toEqual(["Conv2d", "ConvTranspose2d"]);
    expect(find(faces, "REGULAR").map((face) => face.name)).toEqual(["Dropout"]);
    expect(find(faces, "zzz")).toEqual([]);
    expect(find(faces, "conv 2d")[0]!.name).toBe("Conv2d");
    expect(find(faces, "drop regular").map((face) => face.name)).toEqual(["Dropout"]);
    expect(find(faces, "drop zzz")).toEqual([]);
    const three = ["Conv1d", "Conv2d", "Conv3d"].map((name) => ({ ...faces[0]!, name }));
    const first = (axes: number) => find(three, "conv", axes)[0]!.name;
    expect([first(2), first(3), first(4), first(1)]).toEqual(["Conv1d", "Conv2d", "Conv3d", "Conv1d"]);
  });
});

describe("the highlighter", () => {
  it("loses no character and marks keywords, numbers and names", () => {
    const line = "    self.conv2 = nn.Conv2d(16, 32, 3, stride=2)  # 32×16×16";
    expect(highlight(line).map((token) => token.text).join("")).toBe(line);
    expect(highlight("class Model(nn.Module):").map((token) => token.kind)).toEqual(["k", "", "cls", ""]);
    expect(highlight("    def forward(self, x):")[3]).toEqual({ kind: "fn", text: "forward" });
    expect(highlight("x = 16").at(-1)).toEqual({ kind: "nmb", text: "16" });
  });
});

describe("health", () => {
  it("lights a node that ails and says what the doctor says", () => {
    const found = verdict({ node: "fc1", update_ratio: 0.001, ails: "fc1 moves too far" }, "updates");
    expect(found.tone).toBe("hot");
    expect(found.says).toBe("fc1 moves too far.");
    expect(found.text).toBe("0.1 %");
  });

  it("calls strong updates hot, dead units and lost numbers sick", () => {
    expect(verdict({ node: "a", update_ratio: 0.052 }, "updates")).toMatchObject({ tone: "hot", text: "5.2 %" });
    expect(verdict({ node: "a", update_ratio: 0.009 }, "updates")).toMatchObject({ tone: "good", text: "0.9 %" });
    expect(verdict({ node: "gpt", update_ratio: 0.018 }, "updates").tone).toBe("good");
    expect(verdict({ node: "gan", update_ratio: 0.04 }, "updates").tone).toBe("good");
    expect(verdict({ node: "a", dead: 0.95 }, "updates").tone).toBe("sick");
    expect(verdict({ node: "a", dead: 0.55 }, "activations").text).toBe("on 45 %");
    expect(verdict({ node: "a", gradient: Number.NaN }, "gradients").tone).toBe("sick");
    expect(verdict(undefined, "time").tone).toBe("none");
    expect(percent(0.0004)).toBe("0.04 %");
  });
});

describe("the strip", () => {
  it("runs from left to right, a shortcut below what it passes", () => {
    const faces = (name: string) => ({ name, family: "conv", lamina: name === "ReLU", inputs: [], outputs: [], params: [], help: "", docs: "", keywords: [] }) as LayerFace;
    const nodes = ["a", "b", "c", "d"].map((id) => ({ id, layer: "Conv2d", params: {} }));
    const made = plan({ nodes, edges: [["a", "b"], ["b", "c"], ["c", "d"], ["a", "c"]] }, faces, { width: 84, step: 109, node: 21, seam: 2, row: 18, left: 2, top: 3, radius: 8 });
    expect(made.nodes.map((node) => node.at.x)).toEqual([2, 111, 220, 329]);
    expect(made.edges.find((edge) => edge.key === "a>c")!.d).toContain("Q");
    expect(made.height).toBeGreaterThan(24);
  });
});

describe("a field's value", () => {
  it("writes a tiny number by its power of ten, and reads it back", () => {
    expect([0.00001, 0.001, 0, 1e-12, 16].map(show)).toEqual(["1e-5", "0.001", "0", "1e-12", "16"]);
    expect(Number(show(0.00001))).toBe(0.00001);
  });
});
