import { expect, it, vi } from "vitest";

const { readFileSync } = await import("node:fs" as string);
const here = import.meta.url; // named, so that the bundler leaves the address alone
const file = (name: string): string => readFileSync(new URL(`../../../components/${name}/${name}.js`, here).pathname, "utf8");

it("A page that came out as it was is followed on, and told again of the next change", async () => {
  const source = `${file("plain")}\n${file("busy")}`.replace("export default function", "return function");
  const page = document.createElement("div");
  page.innerHTML = '<div id="root"></div>';
  document.body.append(page);
  vi.useFakeTimers();
  vi.stubGlobal("fetch", vi.fn(async () => ({ ok: true, json: async () => ({ over: true }) })));
  const told = vi.fn();
  new Function(source)()({ parentElement: page, key: "k", data: { address: "/busy/1", token: "t", card: false }, setTriggerValue: told });
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(3000);
  expect(told).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(3000);
  expect(told).toHaveBeenCalledTimes(2);
  page.remove();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

it("A page that is being left is not drawn anew, which would take the turn to the next one back", async () => {
  const source = `${file("plain")}\n${file("busy")}`.replace("export default function", "return function");
  const page = document.createElement("div");
  page.innerHTML = '<div id="root"></div>';
  document.body.append(page);
  vi.useFakeTimers();
  let ended = false;
  vi.stubGlobal("fetch", vi.fn(async () => ({ ok: true, json: async () => ({ over: ended }) })));
  const told = vi.fn();
  new Function(source)()({ parentElement: page, key: "l", data: { address: "/busy/2", token: "t", card: false }, setTriggerValue: told });
  await vi.advanceTimersByTimeAsync(1000);
  history.pushState(null, "", "?run=1");
  ended = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect(told).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(3000);
  expect(told).toHaveBeenCalledTimes(1); // it was not left after all
  page.remove();
  vi.useRealTimers();
});
