import { describe, expect, it, vi } from "vitest";
import type { Answer } from "../src/doctor";
import { content } from "../src/made";
import { Kept, Steer, wrong } from "../src/steer";
import { Feed } from "../src/store";
import type { RunEvent, Setting, Status } from "../src/types";

const setting = (more: Partial<Setting>): Setting => ({
  name: "batch_size", title: "batch size", help: "From the next epoch on.", kind: "count", low: 1, high: 1000,
  above: false, optional: false, value: 64, unfit: "", ...more,
});
const ALL = [
  setting({ name: "lr", title: "learning rate", kind: "number" }), setting({}),
  setting({ name: "freeze", title: "frozen nodes", kind: "nodes", value: ["conv*"] }),
  setting({ name: "augment", title: "augmentation", kind: "switch", value: false, unfit: "It has none." }),
];
const settled = () => new Promise((done) => setTimeout(done, 0));
const event = (state: "applied" | "refused", note: string): RunEvent => ({ kind: "order", time: 1, step: 9, text: "", id: "7", state, note });

function made(answer: Answer = { id: "7" }) {
  const feed = new Feed(() => "");
  const steering = { settings: ALL, actions: [{ order: "checkpoint", title: "Keep this state", help: "So." }], nodes: ["conv1", "head"] };
  feed.receive({ status: { status: "running" } as Status, steering });
  const act = vi.fn(async () => answer);
  const steer = new Steer(feed, act);
  steer.update();
  const find = <T extends HTMLElement>(path: string) => steer.root.querySelector<T>(path)!;
  return { feed, act, steer, find };
}

describe("the steering panel", () => {
  it("is folded, and draws every declared setting but the one that stands in the bar", () => {
    const { steer, find } = made();
    expect((steer.root as HTMLDetailsElement).open).toBe(false);
    expect([...steer.root.querySelectorAll("[data-testid^=steer-set-]")]).toHaveLength(3);
    expect(find<HTMLInputElement>("[data-testid=steer-batch_size] input").value).toBe("64");
    expect(find("[data-testid=steer-freeze]").textContent).toContain("conv1");
  });

  it("says that an order was given, and at which step it was applied", async () => {
    const { feed, act, steer, find } = made();
    find<HTMLInputElement>("[data-testid=steer-batch_size] input").value = "128";
    find("[data-testid=steer-set-batch_size]").click();
    await settled();
    expect(act).toHaveBeenCalledWith({ order: "set", batch_size: 128 });
    expect(find("[data-testid=steer-batch_size] .said").textContent).toBe("Ordered …");
    feed.receive({ events: [event("applied", "applied at step 9")] });
    steer.update();
    expect(find("[data-testid=steer-batch_size] .said.done").textContent).toBe("✓ applied at step 9");
  });

  it("says why the run refused", async () => {
    const { feed, steer, find } = made();
    find("[data-testid=steer-checkpoint]").click();
    await settled();
    feed.receive({ events: [event("refused", "The disk is full.")] });
    steer.update();
    expect(find(".actions + .said.refused").textContent).toContain("The disk is full.");
  });

  it("does not send what cannot be, and says what can", () => {
    const { act, find } = made();
    find<HTMLInputElement>("[data-testid=steer-batch_size] input").value = "0";
    find("[data-testid=steer-set-batch_size]").click();
    expect(act).not.toHaveBeenCalled();
    expect(find("[data-testid=steer-batch_size] .said.refused").textContent).toBe("Give a whole number of at least 1.");
  });

  it("freezes the nodes that are pressed; a pattern presses those it means", async () => {
    const { act, find, steer } = made();
    const [conv, head] = [...steer.root.querySelectorAll<HTMLButtonElement>(".chip")];
    expect(conv!.getAttribute("aria-pressed")).toBe("true");
    head!.click();
    find("[data-testid=steer-set-freeze]").click();
    await settled();
    expect(act).toHaveBeenCalledWith({ order: "set", freeze: ["conv1", "head"] });
  });

  it("says why a setting cannot be changed", () => {
    const { find } = made();
    expect(find<HTMLButtonElement>("[data-testid=steer-set-augment]").disabled).toBe(true);
    expect(find("[data-testid=steer-augment]").textContent).toContain("It has none.");
  });

  it("keeps what is being typed while news come", () => {
    const { feed, steer, find } = made();
    const input = find<HTMLInputElement>("[data-testid=steer-batch_size] input");
    input.value = "12";
    input.dispatchEvent(new Event("input"));
    feed.receive({ steering: { settings: ALL, actions: [{ order: "checkpoint", title: "Keep this state", help: "So." }], nodes: ["conv1", "head"] } });
    steer.update();
    expect(input.value).toBe("12");
  });

  it("goes when the run has ended", () => {
    const { feed, steer } = made();
    feed.receive({ status: { status: "finished" } as Status });
    steer.update();
    expect(steer.root.hidden).toBe(true);
  });
});

describe("what may be wrong with a number", () => {
  it("knows its range and whether it may be left out", () => {
    expect(wrong(setting({ optional: true }), "")).toBe("");
    expect(wrong(setting({}), "")).not.toBe("");
    expect(wrong(setting({}), "1.5")).toContain("whole number");
    expect(wrong(setting({ kind: "number", low: 0, above: true }), "-1")).toBe("Give a number above 0.");
    expect(wrong(setting({}), "2000")).toContain("at most 1,000");
  });
});

describe("kept states", () => {
  it("lead to a fork from each", () => {
    const feed = new Feed(() => "");
    feed.receive({ checkpoints: [{ name: "epoch-0003", epoch: 3, step: 30, loss: 0.5, best: false }] });
    const go = vi.fn();
    const kept = new Kept(feed, go);
    (kept.root as HTMLDetailsElement).open = true;
    kept.update();
    expect(kept.root.textContent).toContain("Epoch 3");
    kept.root.querySelector<HTMLButtonElement>("[data-testid=fork-epoch-0003]")!.click();
    expect(go).toHaveBeenCalledWith("fork:epoch-0003");
  });
});

describe("what the network made", () => {
  it("is text or a picture, never markup", () => {
    const [text] = content({ step: 1, prompt: "<b>", text: "<i>x</i>" });
    expect(text!.textContent).toBe("<b><i>x</i>");
    expect(text!.querySelector("i")).toBeNull();
    const [images] = content({ step: 1, image: "data:image/png;base64,AA==", count: 4 }, { image: "data:image/png;base64,BB==", count: 4 });
    const alts = [...images!.querySelectorAll("img")].map((one) => one.getAttribute("alt"));
    expect(alts).toEqual(["4 images that the network made", "4 images of the training data"]);
  });
});
