import { expect, it, vi } from "vitest";

const { readFileSync } = await import("node:fs" as string);
const here = import.meta.url; // named, so that the bundler leaves the address alone
const file = (name: string): string => readFileSync(new URL(`../../../components/${name}/${name}.js`, here).pathname, "utf8");

it("What if shows and changes a column that is called like a property of every object", () => {
  const source = `${file("plain")}\n${file("whatif")}`.replace("export default function", "return function");
  const page = document.createElement("div");
  page.innerHTML = '<div id="root"></div>';
  const sent: { changes: Record<string, unknown> }[] = [];
  const row = { column: "__proto__", label: "__proto__", before: 2, grid: [0, 4], curve: [0.1, 0.9], low: 0, high: 4, whole: false };
  const data = { id: "a", rows: [row], changes: {}, noun: "row", was: "1", now: "1", flips: "", single: [], line: null, warning: "" };
  vi.useFakeTimers();
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  new Function(source)()({ parentElement: page, data, setTriggerValue: (_: string, value: { changes: Record<string, unknown> }) => sent.push(value) });
  const box = page.querySelector<HTMLInputElement>('[data-testid="whatif-__proto__"]')!;
  expect(box.value).toBe("2");
  box.value = "3";
  box.dispatchEvent(new Event("change"));
  vi.runAllTimers();
  expect(JSON.stringify(sent[0]!.changes)).toBe('{"__proto__":3}');
  vi.useRealTimers();
});
