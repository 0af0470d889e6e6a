// What Streamlit mounts: one bundle for the editor and for the read-only strip.

import flowCss from "@xyflow/react/dist/base.css?inline";
import { createRoot, type Root } from "react-dom/client";

import { App } from "./App";
import { Strip, type StripData } from "./strip/Strip";
import appCss from "./style/app.css?inline";
import baseCss from "./style/base.css?inline";
import nodeCss from "./style/node.css?inline";
import stripCss from "./style/strip.css?inline";
import tokensCss from "./style/tokens.css?inline";

interface EditorData {
  kind: "editor";
  project: string;
  name: string;
  token: string;
}

interface Mount {
  data: EditorData | StripData | null;
  parentElement: HTMLElement | ShadowRoot;
  setTriggerValue: (name: string, value: unknown) => void;
  setStateValue: (name: string, value: unknown) => void;
}

interface Living {
  root: Root;
  host: HTMLDivElement;
}

const living = new WeakMap<Node, Living>();

function live(parent: HTMLElement | ShadowRoot): Living {
  const known = living.get(parent);
  if (known) return known;
  const style = document.createElement("style");
  style.textContent = [flowCss, tokensCss, baseCss, nodeCss, appCss, stripCss].join("\n");
  const host = document.createElement("div");
  host.className = "lamina";
  for (const old of Array.from(parent.children)) if (old.className === host.className) old.remove(); // another build's
  parent.append(style, host);
  const made = { root: createRoot(host), host };
  living.set(parent, made);
  return made;
}

/** Dark where Streamlit's paper is dark. */
function theme(host: HTMLElement): "light" | "dark" {
  const colour = getComputedStyle(host).getPropertyValue("--st-background-color").trim();
  const hex = /^#([0-9a-f]{6})/i.exec(colour)?.[1];
  const rgb = hex ? [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) : (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  if (rgb.length < 3) return "light";
  const [r = 255, g = 255, b = 255] = rgb;
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}

export default function mount({ data, parentElement, setTriggerValue, setStateValue }: Mount): () => void {
  const { root, host } = live(parentElement);
  host.dataset.theme = theme(host);
  if (data?.kind === "editor")
    root.render(<App project={data.project} token={data.token} mount={host} go={(page) => setTriggerValue("go", page)} />);
  else if (data?.kind === "strip")
    root.render(<Strip data={data} pick={(node) => setStateValue("picked", node)} />);
  return () => {
    living.delete(parentElement);
    // React refuses to unmount while it renders; the next turn is early enough.
    setTimeout(() => { root.unmount(); host.remove(); }, 0);
  };
}
