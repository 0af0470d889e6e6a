import { describe, expect, it, vi } from "vitest";
import { axisFigure, rate, stepTicks, ticks } from "../src/format";
import { Feed } from "../src/store";
import type { Props, Status } from "../src/types";
import { Head } from "../src/view";

vi.hoisted(() => { globalThis.matchMedia = (() => ({ addEventListener: () => undefined })) as unknown as typeof matchMedia; }); // uPlot asks at once

const look = (word: string, tone: string, path = "") => ({ word, tone, path });
const SIGNS = { queued: look("Queued", "n", "M1 1"), preparing: look("Preparing", "acc"), running: look("Training", "acc"), stopped: look("Stopped", "n", "M4 4h8v8H4Z") };

function made(status?: Partial<Status>) {
  const feed = new Feed(() => "");
  if (status) feed.receive({ status: { epoch: 0, epochs: 3, step: 0, steps: 0, device: "cpu", message: "", memory: null, load: null, ...status } as Status });
  const head = new Head({ title: "one", project: "p", signs: SIGNS } as unknown as Props, feed, vi.fn(async () => ({})), vi.fn());
  const find = (name: string) => head.root.querySelector<HTMLElement>(`[data-testid=${name}]`)!;
  const shown = [...head.root.querySelectorAll<HTMLElement>(".bar button")].filter((one) => !one.closest("[hidden]")).map((one) => one.textContent);
  return { head, find, shown };
}

describe("a learning rate", () => {
  it("is nothing at the end of a cosine, where rounding leaves a trace", () => {
    expect(rate(1e-15)).toBe("0");
    expect(rate(1.2e-8)).toBe("1.2e−8");
    expect(rate(0.00095)).toBe("0.00095");
  });
});

describe("the axis of steps", () => {
  it("says once what it counts, with separators, and nothing between two steps", () => {
    expect(stepTicks([0, 500, 1000])).toEqual(["step 0", "500", "1,000"]);
    expect(stepTicks([0.5, 1, 1.5])).toEqual(["", "step 1", ""]);
  });
});

describe("the head of a run", () => {
  it("offers to stop, and nothing else, before anything is known of the run", () => {
    const { head, find, shown } = made();
    expect(shown).toEqual(["Stop"]);
    expect(find("run-status").textContent).toBe("Preparing");
    expect(find("live-epoch").textContent).toBe("Preparing…");
    expect(head.root.querySelector<HTMLElement>(".meter i")!.style.width).toBe("0px");
  });

  it("names the project and the run whole where a long name is cut", () => {
    const [project, run] = [...made().head.root.querySelectorAll<HTMLElement>(".crumb .part")];
    expect([project!.title, project!.textContent]).toEqual(["p", "p"]);
    expect([run!.title, run!.textContent]).toEqual(["one", "one"]);
  });

  it("says what a run in the queue waits for", () => {
    const waiting = made({ status: "queued", waits: "behind first · 1 run at once on the CPU" });
    expect(waiting.find("live-epoch").textContent).toBe("Waiting for its turn");
    expect(waiting.head.root.textContent).toContain("behind first · 1 run at once on the CPU");
    expect(made({ status: "queued", waits: "" }).find("live-epoch").textContent).toBe("Preparing…");
  });

  it("says at the end that an earlier epoch was the best, and what uses it", () => {
    const { head } = made({ status: "finished", epoch: 3, message: "All 3 epochs are done." });
    const feed = (head as unknown as { feed: Feed }).feed;
    const rows = (best: number) => [1, 2, 3].map((epoch) => ({ epoch, step: epoch, best: epoch === best ? 1 : 0 }));
    feed.receive({ epochs: rows(2) });
    head.update(new Set(["status"]));
    expect(head.root.textContent).toContain("All 3 epochs are done. Epoch 2 was the best: Evaluate and Deploy use it.");
    feed.state.epochs = rows(3) as never;
    head.update(new Set(["status"]));
    expect(head.root.textContent).not.toContain("was the best");
  });

  it("tells what the machine does only while it does it", () => {
    const figures = { memory: 5e8, memory_total: 8e9, load: 0.9 };
    expect(made({ status: "running", ...figures }).head.root.textContent).toContain("Busy90 %");
    expect(made({ status: "stopped", ...figures }).head.root.textContent).not.toMatch(/Busy|Memory/);
  });

  it("takes back what it said of a mistyped rate as soon as another is typed", () => {
    const { head } = made({ status: "running" });
    const field = head.root.querySelector<HTMLInputElement>("[data-testid=live-lr]")!;
    field.value = "abc";
    head.root.querySelector<HTMLElement>("[data-testid=live-set-lr]")!.click();
    expect(head.root.querySelector(".message")!.textContent).toContain("above 0");
    field.value = "0.1";
    field.dispatchEvent(new Event("input"));
    expect(head.root.querySelector(".message")!.textContent).toBe("");
    expect(field.hasAttribute("aria-invalid")).toBe(false);
  });

  it("says what is being made while no step comes", () => {
    const words = "Training the judge of images, 600 of 2,000 steps.";
    expect(made({ status: "running", step: 20, steps: 60, message: words }).head.root.textContent).toContain(words);
    expect(made({ status: "running", step: 20, steps: 60 }).head.root.textContent).toContain("step 20 of 60");
  });

  it("shows a state by the table's word, tone and sign", () => {
    const { find, shown } = made({ status: "stopped" });
    expect(find("run-status").className).toBe("pill n");
    expect(find("run-status").querySelector("path")?.getAttribute("d")).toBe("M4 4h8v8H4Z");
    expect(shown).toEqual(["Change the recipe"]);
  });
});

describe("the values of an axis", () => {
  it("get as many digits as tell them apart", () => {
    expect(ticks([0.0001199, 0.00012, 0.0001201], rate)).toEqual(["0.0001199", "0.00012", "0.0001201"]);
    expect(ticks([0, 0.5, 1], axisFigure)).toEqual(["0", "0.5", "1"]);
    expect(ticks([null, 10, null], axisFigure)).toEqual(["", "10", ""]);
  });
});
