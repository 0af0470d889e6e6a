/** Entry of the component: mounts a part of the page and keeps it through Streamlit's reruns and remounts. */

import uplotStyle from "uplot/dist/uPlot.min.css?inline";
import type { Look } from "./charts";
import { feedOf, over } from "./store";
import style from "./style.css?inline";
import type { Props } from "./types";
import type { Answer } from "./doctor";
import { Made } from "./made";
import { Body, Head, type Part } from "./view";

interface Arguments {
  data: Props;
  parentElement: HTMLElement | ShadowRoot;
  setTriggerValue: (name: string, value: unknown) => void;
}

interface Mounted { run: string; theme: string; frame: HTMLElement; part: Part; leave: () => void }

const mounted = new WeakMap<object, Mounted>();

function lookOf(frame: HTMLElement): Look {
  const styles = getComputedStyle(frame);
  const of = (name: string) => styles.getPropertyValue(name).trim();
  return {
    ink2: of("--ink2"), ink3: of("--ink3"), grid: of("--grid"), train: of("--train"), val: of("--val"),
    valText: of("--val-t"), warn: of("--warn"), paper: of("--bg"), font: styles.fontFamily || "sans-serif",
  };
}

function send(props: Props) {
  return async (order: Record<string, unknown>): Promise<Answer> => {
    try {
      const answer = await fetch(`${props.api}/${props.run}/order`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Lamina-Token": props.token },
        body: JSON.stringify(order),
      });
      const said = (await answer.json()) as Answer;
      return answer.ok ? said : { error: said.error ?? "The order was refused." };
    } catch {
      return { error: "The server does not answer; the run goes on. Try again in a moment." };
    }
  };
}

function treatment(props: Props) {
  return async (kind: string, change: number): Promise<{ run?: string; error?: string }> => {
    try {
      const answer = await fetch(`${props.api}/${props.run}/treat`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Lamina-Token": props.token },
        body: JSON.stringify({ kind, change }),
      });
      return (await answer.json()) as { run?: string; error?: string };
    } catch {
      return { error: "The server does not answer. Try again in a moment." };
    }
  };
}

export default function live({ data, parentElement, setTriggerValue }: Arguments): () => void {
  const host = parentElement as unknown as object;
  let held = mounted.get(host);
  if (held && held.run !== data.run) {
    held.leave();
    held = undefined;
  }
  if (!held) {
    const frame = document.createElement("div");
    frame.className = "lamina-live";
    frame.dataset.theme = data.theme;
    const sheet = document.createElement("style");
    sheet.textContent = uplotStyle + style;
    frame.append(sheet);
    const wait = parentElement.querySelector<HTMLElement>(".lm-until");
    if (wait) wait.hidden = true;
    for (const old of Array.from(parentElement.children)) if (old.className === frame.className) old.remove(); // another build's
    parentElement.append(frame);
    const follow = (run: string) => feedOf(run, () => `${data.api}/${run}/stream?token=${encodeURIComponent(data.token)}`);
    const feed = follow(data.run);
    const go = (where: string) => setTriggerValue("go", where);
    const part: Part = data.part === "head" ? new Head(data, feed, send(data), go)
      : data.part === "made" ? new Made(data, feed, send(data))
      : new Body(data, feed, data.beside ? follow(data.beside.run) : null, () => lookOf(frame), send(data), treatment(data), go);
    frame.append(part.root);
    let ended = over(feed.state.status);
    const leave = feed.listen((changed) => {
      part.update(changed);
      if (changed.has("health")) {
        window.dispatchEvent(new CustomEvent("lamina:health", { detail: { run: data.run, nodes: feed.state.health } }));
      }
      if (data.part === "head" && !ended && over(feed.state.status)) {
        ended = true;
        setTriggerValue("go", "ended");
      }
    });
    const all = new Set(["status", "steps", "epochs", "events", "health", "samples", "symptoms", "steering", "checkpoints", "generated"] as const);
    requestAnimationFrame(() => { part.restyle(); part.update(all); });
    held = { run: data.run, theme: data.theme, frame, part, leave: () => { leave(); part.destroy(); frame.remove(); } };
    mounted.set(host, held);
  }
  if (held.theme !== data.theme) {
    held.theme = data.theme;
    held.frame.dataset.theme = data.theme;
    held.part.restyle();
  }
  return () => {
    mounted.get(host)?.leave();
    mounted.delete(host);
  };
}
