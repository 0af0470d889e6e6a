import { afterEach, beforeEach, expect, it, vi } from "vitest";

const { readFileSync } = await import("node:fs" as string);
const here = import.meta.url; // named, so that the bundler leaves the address alone
const helpers = readFileSync(new URL("../../../components/plain/plain.js", here).pathname, "utf8") as string;

type Given = { parentElement: HTMLElement; data: number };
type Draw = (given: Given) => unknown;
const coloured = new Function(`${helpers}; return coloured;`)() as (draw: Draw) => (given: Given) => () => void;
const letters = new Function(`${helpers}; return lettering;`)() as () => Promise<string>;

let surface = "";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("getComputedStyle", () => ({ getPropertyValue: () => surface }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("a component draws at once where the page has its colours, and ends as it wishes", () => {
  surface = "#fff";
  const end = vi.fn(), draw = vi.fn(() => end);
  const stop = coloured(draw)({ parentElement: document.createElement("div"), data: 1 });
  expect(draw).toHaveBeenCalledOnce();
  stop();
  expect(end).toHaveBeenCalledOnce();
});

it("a component that comes before the page's colours waits for them and draws what it was last given", () => {
  surface = "";
  const draw = vi.fn(), parentElement = document.createElement("div"), mounted = coloured(draw);
  mounted({ parentElement, data: 1 });
  mounted({ parentElement, data: 2 });
  vi.advanceTimersByTime(100);
  expect(draw).not.toHaveBeenCalled();
  surface = "#fff";
  vi.advanceTimersByTime(100);
  expect(draw.mock.calls.map(([given]) => (given as Given).data)).toEqual([2]);
});

it("a component that was taken away meanwhile never draws", () => {
  surface = "";
  const draw = vi.fn();
  coloured(draw)({ parentElement: document.createElement("div"), data: 1 })();
  surface = "#fff";
  vi.advanceTimersByTime(100);
  expect(draw).not.toHaveBeenCalled();
});

it("a picture carries the page's letters from this server, and none of another site's sheets", async () => {
  vi.useRealTimers();
  const face = (fontFamily: string, fontStyle = "normal") => ({ type: 5, style: { fontFamily, fontStyle, fontWeight: "100 900", src: `url("../media/${fontStyle}.woff2") format("woff2")` } });
  const locked = { get cssRules() { throw new Error("of another site"); } };
  const sheets = [locked, { href: "http://127.0.0.1:8501/static/css/a.css", cssRules: [face('"Source Sans"'), face('"Source Sans"', "italic"), face("KaTeX_Main"), { type: 1, style: {} }] }];
  vi.stubGlobal("document", new Proxy(document, { get: (page, name) => (name === "styleSheets" ? sheets : Reflect.get(page, name)) }));
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string) => { asked.push(address); return { blob: async () => new Blob(["letters"], { type: "font/woff2" }) }; });
  const style = await letters();
  await letters();
  expect(asked).toEqual(["http://127.0.0.1:8501/static/media/normal.woff2"]);
  expect(style).toBe(`@font-face{font-family:"Source Sans";font-weight:100 900;src:url(data:font/woff2;base64,${btoa("letters")})}`);
});
