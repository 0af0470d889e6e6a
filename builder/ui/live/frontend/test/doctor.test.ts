import { beforeEach, describe, expect, it, vi } from "vitest";
import { Doctor } from "../src/doctor";
import { Feed } from "../src/store";
import type { Status, Symptom } from "../src/types";

const DEAD: Symptom = {
  kind: "dead_relu", title: "<b>relu1</b> is dead", message: "100 % are 0.", why: "No gradient.", severity: "warning",
  step: 5, node: "relu1", nodes: ["relu1"],
  changes: [{ label: "Make it LeakyReLU", why: "So.", edits: [["set_layer", {}]] }],
};
const FAST: Symptom = {
  ...DEAD, kind: "rate_too_high", title: "Too high", node: null,
  changes: [{ label: "Set to 0.001", why: "So.", order: { order: "set", lr: 0.001 }, overrides: { "recipe.optimizer.lr": 0.001 } }],
};
const status = (name: string): Status => ({ status: name } as Status);
const press = (root: HTMLElement, id: string) => root.querySelector<HTMLButtonElement>(`[data-testid="${id}"]`)!.click();
const settled = () => new Promise((done) => setTimeout(done, 0));

let run = 0;
function made(symptoms: Symptom[], state = "running") {
  const feed = new Feed(() => "");
  feed.receive({ status: status(state), symptoms });
  const act = vi.fn(async () => ({ id: "1" }) as { id?: string; error?: string });
  const treat = vi.fn(async () => ({ run: "new" }) as { run?: string; error?: string });
  const go = vi.fn();
  const doctor = new Doctor(`run${run}`, feed, act, treat, go);
  doctor.update();
  return { feed, doctor, act, treat, go };
}

describe("the doctor's card", () => {
  beforeEach(() => { run += 1; });

  it("is not there while nothing ails the run", () => {
    expect(made([]).doctor.root.hidden).toBe(true);
  });

  it("says what, where and why, and reads no HTML", () => {
    const { doctor } = made([DEAD]);
    expect(doctor.root.hidden).toBe(false);
    expect(doctor.root.querySelector("h3")?.textContent).toBe("<b>relu1</b> is dead");
    expect(doctor.root.querySelector("code")?.textContent).toBe("relu1");
    expect(doctor.root.textContent).toContain("No gradient.");
  });

  it("gives the live run an order", async () => {
    const { doctor, act, treat } = made([FAST]);
    press(doctor.root, "change-rate_too_high-0");
    await settled();
    expect(act).toHaveBeenCalledWith({ order: "set", lr: 0.001 });
    expect(treat).not.toHaveBeenCalled();
  });

  it("begins a new run once this one has ended, and goes there", async () => {
    const { doctor, act, treat, go } = made([FAST], "finished");
    press(doctor.root, "change-rate_too_high-0");
    await settled();
    expect(act).not.toHaveBeenCalled();
    expect(treat).toHaveBeenCalledWith("rate_too_high", 0);
    expect(go).toHaveBeenCalledWith("run:new");
  });

  it("offers an ended run only what makes sense, and says that it is a new run", () => {
    const symptom = { ...FAST, changes: [{ label: "Stop now", why: "", order: { order: "stop" } }, ...FAST.changes] };
    const labels = (state: string) => [...made([symptom], state).doctor.root.querySelectorAll(".changes button:not(.plain)")].map((one) => one.textContent);
    expect(labels("running")).toEqual(["Stop now", FAST.changes[0]!.label]);
    expect(labels("finished")).toEqual([`New run: ${FAST.changes[0]!.label}`]);
    const only = made([{ ...FAST, changes: symptom.changes.slice(0, 1) }], "finished").doctor;
    expect(only.root.querySelector(".note")).toBeNull();
  });

  it("shows a refusal in words and lets one try again", async () => {
    const { doctor, treat } = made([DEAD]);
    treat.mockResolvedValueOnce({ error: "It cannot be." });
    press(doctor.root, "change-dead_relu-0");
    await settled();
    expect(doctor.root.textContent).toContain("It cannot be.");
    expect(doctor.root.querySelector<HTMLButtonElement>("[data-testid='change-dead_relu-0']")?.disabled).toBe(false);
  });

  it("has one filled button, opens the first symptom and folds the rest", () => {
    const { doctor } = made([FAST, DEAD]);
    expect(doctor.root.querySelectorAll("button.primary")).toHaveLength(1);
    expect([...doctor.root.querySelectorAll("details")].map((card) => card.open)).toEqual([true, false]);
  });

  it("puts a cause that can be mended before what follows from it", () => {
    const { doctor } = made([{ ...DEAD, changes: [] }, FAST]);
    expect([...doctor.root.querySelectorAll("details")].map((card) => card.dataset.testid)).toEqual(["symptom-rate_too_high", "symptom-dead_relu"]);
    expect(doctor.root.querySelectorAll("button.primary")).toHaveLength(1);
  });

  it("is put away until the symptom appears anew, and does not move while nothing changes", () => {
    const { doctor, feed } = made([DEAD]);
    const card = doctor.root.firstElementChild;
    doctor.update();
    expect(doctor.root.firstElementChild).toBe(card);
    doctor.root.querySelector<HTMLButtonElement>("button.plain")!.click();
    expect(doctor.root.hidden).toBe(true);
    feed.receive({ symptoms: [] });
    doctor.update();
    feed.receive({ symptoms: [DEAD] });
    doctor.update();
    expect(doctor.root.hidden).toBe(false);
  });
});
