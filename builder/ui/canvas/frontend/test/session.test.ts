import { describe, expect, it, vi } from "vitest";

import { applyEdit } from "../src/model/graph";
import { coalesce, Session, sessionOf, type Reply, type Wire } from "../src/model/session";
import type { Doc, Edit, State } from "../src/model/types";
import { Ui } from "../src/model/ui";

const DOC: Doc = {
  graphs: { model: { nodes: [{ id: "a", layer: "Linear", params: {} }], edges: [] } }, modules: {}, positions: {},
};

function stateOf(doc: Doc, revision: number): State {
  return { stamp: `${revision}.0`, revision, name: "p", document: doc, checks: {}, wants: { held: {}, idle: [], closed: "" }, patterns: [], undo: revision > 0, redo: false, batch: 32, data: true, busy: "", trouble: "" };
}

const set = (name: string, value: number, id = "a"): Edit => ({ graph: "model", label: `set ${name}`, steps: [["set_params", { id, params: { [name]: value } }]] });
const add = (id: string): Edit => ({ graph: "model", label: `add ${id}`, steps: [["add_node", { layer: "ReLU", id, params: {} }]] });

/** A server in memory that refuses stale bases, as Python does; `hold` keeps answers back. */
class Memory implements Wire {
  doc = DOC;
  revision = 0;
  batches: Edit[][] = [];
  inFlight = 0;
  most = 0;
  down = 0;
  /** Carry the next edit out, and lose the answer. */
  deaf = false;
  private keys = new Set<string>();
  private gate: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;

  hold(): void {
    this.gate = new Promise((done) => { this.release = done; });
  }

  change(edit: Edit): void {
    this.doc = applyEdit(this.doc, edit);
    this.revision += 1;
  }

  private state = (): State => stateOf(this.doc, this.revision);
  open = async (): Promise<Reply> => ({ kind: "state", state: this.state() });
  since = async (stamp: string): Promise<Reply | null> => (stamp === this.state().stamp ? null : { kind: "state", state: this.state() });

  async edit(base: number, edits: Edit[], key: string): Promise<Reply> {
    this.inFlight += 1;
    this.most = Math.max(this.most, this.inFlight);
    await this.gate;
    this.inFlight -= 1;
    if (this.down) {
      this.down -= 1;
      return { kind: "unreachable" };
    }
    if (this.keys.has(key)) return { kind: "state", state: this.state() };
    if (base !== this.revision) return { kind: "stale", state: this.state() };
    if (edits.some((edit) => edit.label === "add bad")) return { kind: "refused", failure: { fact: "No.", place: "bad", remedy: "Do not.", code: "" }, state: this.state() };
    this.batches.push(edits);
    for (const edit of edits) this.change(edit);
    this.keys.add(key);
    if (this.deaf) {
      this.deaf = false;
      return { kind: "unreachable" };
    }
    return { kind: "state", state: this.state() };
  }

  undo = async (): Promise<Reply> => ({ kind: "state", state: this.state() });
  redo = this.undo;
}

const rest = async (session: Session) => { await vi.waitUntil(() => !session.busy, { timeout: 4000 }); };
const nodes = (doc: Doc | null) => doc!.graphs.model!.nodes.map((node) => node.id);

describe("a session", () => {
  it("shows an edit at once and sends it", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    session.apply(add("b"));
    expect(nodes(session.doc)).toEqual(["a", "b"]);
    await rest(session);
    expect(nodes(wire.doc)).toEqual(["a", "b"]);
    expect(session.saving).toBe("saved");
  });

  it("keeps one edit in flight and coalesces the rest", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.hold();
    for (let value = 1; value <= 40; value += 1) session.apply(set("out_features", value));
    expect(session.doc!.graphs.model!.nodes[0]!.params.out_features).toBe(40);
    wire.release();
    await rest(session);
    expect(wire.most).toBe(1);
    expect(wire.batches.map((batch) => batch.length)).toEqual([1, 1]);
    expect(wire.doc.graphs.model!.nodes[0]!.params.out_features).toBe(40);
  });

  it("tells the later writer, shows what the other did, and can do the edit again", async () => {
    const wire = new Memory();
    const [first, second] = [new Session(wire), new Session(wire)];
    await first.open();
    await second.open();
    first.apply(add("b"));
    await rest(first);
    second.apply(add("c"));
    await rest(second);
    expect(nodes(wire.doc)).toEqual(["a", "b"]);
    expect(nodes(second.doc)).toEqual(["a", "b"]);
    expect(second.notice?.fact).toContain("another tab");
    expect(second.notice?.again).toHaveLength(1);
    second.again();
    await rest(second);
    expect(nodes(wire.doc)).toEqual(["a", "b", "c"]);
    expect(second.notice).toBeNull();
  });

  it("does an addition again under a name that is free", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.change(add("relu1")); // by another tab
    session.apply({
      graph: "model", label: "add ReLU",
      steps: [
        ["add_node", { layer: "ReLU", id: "relu1", params: {} }],
        ["connect", { source: "a", target: "relu1", source_port: "", target_port: "" }],
        ["move", { positions: { a: { x: 0, y: 0 }, relu1: { x: 1, y: 2 } } }],
      ],
    });
    await rest(session);
    session.again();
    await rest(session);
    expect(nodes(wire.doc)).toEqual(["a", "relu1", "relu2"]);
    expect(wire.doc.graphs.model!.edges).toEqual([["a", "relu2"]]);
    expect(wire.doc.positions.model).toEqual({ a: { x: 0, y: 0 }, relu2: { x: 1, y: 2 } });
  });

  it("counts what was refused, so that the selection of before comes back", async () => {
    const session = new Session(new Memory());
    await session.open();
    session.apply(add("good"));
    await vi.waitFor(() => expect(session.busy).toBe(false));
    expect(session.refusals).toBe(0);
    session.apply(add("bad"));
    await vi.waitFor(() => expect(session.busy).toBe(false));
    expect(session.refusals).toBe(1);
    const ui = new Ui();
    ui.select("a", "b");
    ui.set({ selected: new Set(["made"]), before: new Set(["a", "b"]) });
    ui.keep(() => false);
    ui.back();
    expect([...ui.get().selected]).toEqual(["a", "b"]);
    ui.set({ selected: new Set() });
    ui.back();
    expect(ui.get().selected.size).toBe(0);
  });

  it("gives the document back as it was when an edit is refused", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    session.apply(add("bad"));
    await rest(session);
    expect(nodes(session.doc)).toEqual(["a"]);
    expect(session.notice).toMatchObject({ tone: "error", fact: "bad: No.", remedy: "Do not." });
  });

  it("makes a repair once: till the answer, another press does nothing", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.hold();
    expect(session.repair(add("b"))).toBe(true);
    expect(session.unanswered).toBe(true);
    expect(session.repair(add("b"))).toBe(false);
    wire.release();
    await vi.waitFor(() => expect(session.saving).toBe("saved"));
    expect(session.unanswered).toBe(false);
    expect(wire.batches.flat()).toHaveLength(1);
    expect(session.notice).toBeNull();
    session.apply({ graph: "model", label: "move", steps: [["move", { positions: { a: { x: 1, y: 1 } } }]] });
    expect(session.unanswered).toBe(false);
  });

  it("keeps edits while the server does not answer and sends them when it is back", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.down = 1;
    session.apply(add("b"));
    await vi.waitUntil(() => session.saving === "unreachable");
    session.apply(add("c"));
    await rest(session);
    expect(nodes(wire.doc)).toEqual(["a", "b", "c"]);
    expect(session.saving).toBe("saved");
  });

  it("does not take an answer for news that is older than that to an edit", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.change(add("x")); // by another tab
    const old = await wire.since("0.0");
    let answer: (reply: Reply | null) => void = () => undefined;
    wire.since = () => new Promise((done) => { answer = done; });
    const asked = session.poll();
    session.apply(set("out_features", 1)); // of another node: both stand
    await rest(session);
    answer(old);
    await asked;
    session.apply(set("out_features", 2));
    await rest(session);
    expect(session.notice).toBeNull();
    expect(wire.doc.graphs.model!.nodes.find((node) => node.id === "a")?.params.out_features).toBe(2);
  });

  it("does not do twice what was carried out before its answer was lost", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.deaf = true;
    session.apply(add("b"));
    await vi.waitUntil(() => session.saving === "unreachable");
    session.apply(add("c"));
    await rest(session);
    expect(nodes(wire.doc)).toEqual(["a", "b", "c"]);
    expect(session.notice).toBeNull();
  });

  it("takes in another tab's change by asking, but never while an edit is under way", async () => {
    const wire = new Memory();
    const session = new Session(wire);
    await session.open();
    wire.change(add("x"));
    await session.poll();
    expect(nodes(session.doc)).toEqual(["a", "x"]);
    wire.hold();
    session.apply(add("y"));
    await session.poll();
    expect(nodes(session.doc)).toEqual(["a", "x", "y"]);
    wire.release();
    await rest(session);
  });
});

describe("a remount", () => {
  it("in a burst of edits loses nothing: the same session goes on and converges", async () => {
    const wire = new Memory();
    const session = sessionOf("burst", wire);
    await session.open();
    for (let number = 1; number <= 40; number += 1) {
      const mounted = sessionOf("burst", wire); // what each mount of the component asks for
      expect(mounted).toBe(session);
      const leave = mounted.subscribe(() => undefined);
      mounted.apply(add(`n${number}`));
      leave();
      await Promise.resolve();
    }
    await rest(session);
    expect(nodes(wire.doc)).toHaveLength(41);
    expect(session.doc).toEqual(wire.doc);
  });
});

describe("coalescing", () => {
  it("joins values of one node, but not of two", () => {
    expect(coalesce([set("p", 1)], set("q", 2))).toEqual([{ ...set("q", 2), steps: [["set_params", { id: "a", params: { p: 1, q: 2 } }]] }]);
    expect(coalesce([set("p", 1)], set("p", 2, "b"))).toHaveLength(2);
  });

  it("keeps a setting and its way back to the default apart", () => {
    const back: Edit = { graph: "model", label: "reset", steps: [["set_params", { id: "a", params: {}, remove: ["p"] }]] };
    const joined = [set("p", 1), back].reduce<Edit[]>(coalesce, []);
    expect(joined.reduce(applyEdit, DOC).graphs.model!.nodes[0]!.params).toEqual({});
    const again = [set("p", 1), back, set("p", 3)].reduce<Edit[]>(coalesce, []);
    expect(again.reduce(applyEdit, DOC).graphs.model!.nodes[0]!.params).toEqual({ p: 3 });
  });
});

describe("sharing", () => {
  it("keeps what did not change as the same objects", async () => {
    const { share } = await import("../src/model/share");
    const old = { a: [1, { b: 2 }], c: { d: 3 } };
    const fresh = share(old, { a: [1, { b: 2 }], c: { d: 4 } });
    expect(fresh).toEqual({ a: [1, { b: 2 }], c: { d: 4 } });
    expect(fresh.a).toBe(old.a);
    expect(share(old, structuredClone(old))).toBe(old);
    expect(share([1, 2, 3], [1, 2])).toEqual([1, 2]);
    expect(share({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  });
});

describe("a refusal", () => {
  const bad = add("bad");

  it("goes with the next edit, and says its place once", async () => {
    const server = new Memory();
    const session = new Session(server);
    await session.open();
    session.apply(bad);
    await vi.waitFor(() => expect(session.notice?.fact).toBe("bad: No."));
    session.apply(add("b"));
    expect(session.notice).toBeNull();
    await vi.waitFor(() => expect(session.busy).toBe(false));
    expect(session.notice).toBeNull();
  });

  it("goes where another graph is turned to; what can be done again stays", async () => {
    const session = new Session(new Memory());
    await session.open();
    session.tell({ tone: "error", fact: "No.", remedy: "", again: [] });
    session.forget();
    expect(session.notice).toBeNull();
    session.tell({ tone: "info", fact: "Changed elsewhere.", remedy: "", again: [bad] });
    session.forget();
    expect(session.notice?.again).toEqual([bad]);
  });
});

describe("a module in itself", () => {
  const inner = (layer: string) => ({ nodes: [{ id: "a", layer, params: {} }], edges: [] });
  const put = (graph: string, layer: string): Edit => ({ graph: `modules.${graph}`, label: "paste 1 layers", steps: [["add_node", { layer, id: "b", params: {} }]] });

  it("is refused in words at once, and so is one that contains it", async () => {
    const server = new Memory();
    server.doc = { ...DOC, modules: { Inner: inner("ReLU"), Outer: inner("Inner") } };
    const session = new Session(server);
    await session.open();
    const before = session.doc;
    for (const [graph, layer, words] of [["Inner", "Inner", "Inner cannot contain itself"], ["Inner", "Outer", "Inner cannot contain Outer, which contains Inner"]] as const) {
      session.apply(put(graph, layer));
      expect(session.notice?.fact).toContain(words);
      expect(session.doc).toBe(before);
    }
    expect([session.refusals, server.batches.length]).toEqual([2, 0]);
    session.apply(put("Outer", "Inner"));
    expect(session.notice).toBeNull();
    expect(session.doc!.modules.Outer!.nodes).toHaveLength(2);
  });
});

describe("edits in two tabs before either hears of the other", () => {
  const two: Doc = { ...DOC, graphs: { model: { nodes: ["a", "b"].map((id) => ({ id, layer: "Linear", params: {} })), edges: [] } } };
  const place = (id: string, x: number): Edit => ({ graph: "model", label: "move", steps: [["move", { positions: { [id]: { x, y: 0 } } }]] });
  const meet = async (theirs: Edit, ...mine: Edit[]) => {
    const server = new Memory();
    server.doc = two;
    const session = new Session(server);
    await session.open();
    server.change(theirs);
    for (const edit of mine) session.apply(edit);
    await vi.waitFor(() => expect(session.busy).toBe(false));
    return { server, session };
  };

  it("both stand where they are of different nodes", async () => {
    const { server, session } = await meet(set("out_features", 3, "b"), set("out_features", 7), place("a", 9));
    expect(session.notice).toBeNull();
    expect(server.doc.graphs.model!.nodes.map((node) => node.params.out_features)).toEqual([7, 3]);
    expect(server.doc.positions.model!.a).toEqual({ x: 9, y: 0 });
    expect(session.doc).toEqual(server.doc);
  });

  it("are told where they are of one node, or of more than settings and places", async () => {
    for (const [theirs, mine] of [
      [set("bias", 0), set("out_features", 7)], [place("a", 1), place("a", 9)], [set("bias", 0, "b"), add("r1")],
      [{ graph: "model", label: "delete a", steps: [["remove", { ids: ["a"] }]] }, set("bias", 0)],
    ] as [Edit, Edit][]) {
      const { server, session } = await meet(theirs, mine);
      expect(session.notice?.again).toEqual([mine]);
      expect(server.doc).toEqual(applyEdit(two, theirs));
    }
  });
});
