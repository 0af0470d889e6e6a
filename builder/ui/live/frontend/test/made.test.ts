import { describe, expect, it, vi } from "vitest";
import { Made } from "../src/made";
import { Feed } from "../src/store";
import type { Making, Message, Props } from "../src/types";

const act = vi.fn(async () => ({ id: "1" }) as { id?: string; error?: string });
const making: Making[] = [
  { name: "prompt", title: "Prompt", help: "", kind: "text", low: null, high: null, value: "" },
  { name: "temperature", title: "Temperature", help: "Above 1 is bold.", kind: "float", low: 0, high: 5, value: 0.8 },
];

function shown(best: number) {
  vi.stubGlobal("fetch", vi.fn(async (address: string) => ({ ok: true, json: async () => ({ step: 0, text: address }) })));
  const feed = new Feed(() => "");
  const made = new Made({ run: "r", api: "/api", token: "t" } as unknown as Props, feed, act);
  const epochs = [1, 2, 3].map((epoch) => ({ epoch, step: 10 * epoch, best: epoch === best ? 1 : 0 }));
  const generated = [20, 30].map((step, at) => ({ at, step, epoch: step / 10 }));
  made.update(feed.receive({ epochs, generated }) ?? new Set(["epochs", "generated"]));
  const tell = (message: Message) => { feed.receive(message); made.update(new Set(Object.keys(message) as (keyof Message)[])); };
  const find = (name: string) => made.root.querySelector<HTMLElement>(`[data-testid=${name}]`)!;
  return { made, tell, find, note: () => made.root.querySelector("header span")!.textContent };
}

describe("what a network makes while it learns", () => {
  it("shows the latest, and by one click that of the best epoch", async () => {
    const { made, find, note } = shown(2);
    expect(note()).toBe("step 30, after epoch 3, the latest, renewed while it trains");
    expect(find("made-best").hidden).toBe(false);
    expect(find("made-slider").closest("label")!.textContent).toBe("Moment");
    find("made-best").click();
    expect(note()).toContain("step 20, after epoch 2, 1 of 2, the best epoch");
    await vi.waitFor(() => expect(made.root.textContent).toContain("/made/0"));
  });

  it("takes the task's settings while it trains, says what is out of range, and hides them at the end", async () => {
    const { tell, find } = shown(2);
    const status = (state: string) => ({ status: state }) as unknown as Message["status"];
    expect(find("made-form").hidden).toBe(true);
    tell({ status: status("running"), steering: { settings: [], actions: [], nodes: [], making } });
    expect(find("made-form").hidden).toBe(false);
    expect(find("made-help").textContent).toBe("Temperature Above 1 is bold.");
    const box = find("made-temperature") as HTMLInputElement;
    expect(box.value).toBe("0.8");
    box.value = "9";
    find("made-form").dispatchEvent(new Event("submit"));
    expect(find("made-form").textContent).toContain("Temperature: a number from 0 up to 5.");
    expect(act).not.toHaveBeenCalled();
    box.value = "0.2";
    find("made-form").dispatchEvent(new Event("submit"));
    await vi.waitFor(() => expect(act).toHaveBeenCalledWith({ order: "sample", settings: { temperature: 0.2 } }));
    tell({ status: status("finished") });
    expect(find("made-form").hidden).toBe(true);
  });

  it("stands beside images of the data, which are asked for once, with the epoch's figure", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", vi.fn(async (address: string) => {
      asked.push(address);
      return { ok: true, json: async () => ({ step: 0, image: "data:image/png;base64,AA==", count: 4 }) };
    }));
    const feed = new Feed(() => "");
    const props = { run: "r", api: "/api", token: "t", metric: "fid", metricTitle: "Fréchet distance" } as unknown as Props;
    const made = new Made(props, feed, act);
    const epochs = [{ epoch: 1, step: 10, best: 1, validation_fid: 41.5 }];
    const tell = (message: Message) => { feed.receive(message); made.update(new Set(Object.keys(message) as (keyof Message)[])); };
    tell({ epochs, generated: [{ at: 0, step: 10, epoch: 1 }] } as unknown as Message);
    await vi.waitFor(() => expect(made.root.querySelectorAll("img").length).toBe(2));
    expect(made.root.querySelector("header span")!.textContent).toContain("Fréchet distance 41.5");
    tell({ generated: [{ at: 1, step: 20, epoch: 2 }] } as unknown as Message);
    await vi.waitFor(() => expect(asked).toContain("/api/r/made/1"));
    expect(asked.filter((one) => one.includes("/real/"))).toEqual(["/api/r/real/4"]);
  });

  it("offers no best epoch whose images are not kept", () => {
    expect(shown(1).find("made-best").hidden).toBe(true);
  });
});
