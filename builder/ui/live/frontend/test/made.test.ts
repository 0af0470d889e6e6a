import { describe, expect, it, vi } from "vitest";
import { Made } from "../src/made";
import { Feed } from "../src/store";
import type { Props } from "../src/types";

function shown(best: number) {
  vi.stubGlobal("fetch", vi.fn(async (address: string) => ({ ok: true, json: async () => ({ step: 0, text: address }) })));
  const feed = new Feed(() => "");
  const made = new Made({ run: "r", api: "/api", token: "t" } as unknown as Props, feed);
  const epochs = [1, 2, 3].map((epoch) => ({ epoch, step: 10 * epoch, best: epoch === best ? 1 : 0 }));
  const generated = [20, 30].map((step, at) => ({ at, step, epoch: step / 10 }));
  made.update(feed.receive({ epochs, generated }) ?? new Set(["epochs", "generated"]));
  const find = (name: string) => made.root.querySelector<HTMLElement>(`[data-testid=${name}]`)!;
  return { made, find, note: () => made.root.querySelector("header span")!.textContent };
}

describe("what a network makes while it learns", () => {
  it("shows the latest, and by one click that of the best epoch", async () => {
    const { made, find, note } = shown(2);
    expect(note()).toBe("step 30, after epoch 3, the latest, renewed while it trains");
    expect(find("made-best").hidden).toBe(false);
    find("made-best").click();
    expect(note()).toContain("step 20, after epoch 2, 1 of 2, the best epoch");
    await vi.waitFor(() => expect(made.root.textContent).toContain("/made/0"));
  });

  it("offers no best epoch whose images are not kept", () => {
    expect(shown(1).find("made-best").hidden).toBe(true);
  });
});
