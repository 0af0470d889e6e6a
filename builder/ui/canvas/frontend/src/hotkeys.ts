import { useReactFlow } from "@xyflow/react";
import { useEffect, useRef } from "react";

import type { CanvasHandle } from "./canvas/Canvas";
import type { Editor } from "./context";
import { cut, remove } from "./model/actions";
import { LENGTH } from "./canvas/tween";
import { copied, paste, readClip } from "./model/clipboard";
import { group, ungroupSelected } from "./model/modules";
import { everything } from "./model/lookup";
import { move, tidy } from "./model/placing";
import type { Point } from "./model/types";

const typing = (event: Event): boolean => {
  const [target] = event.composedPath();
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
};

/** Undo in a field whose value is settled undoes the edit; while something is being typed it is the field's own. */
const settled = (event: KeyboardEvent): boolean => {
  const [target] = event.composedPath();
  return (event.ctrlKey || event.metaKey) && /^[zy]$/i.test(event.key) && target instanceof HTMLElement && target.dataset.settled === "true";
};

const STEP: Record<string, Point> = {
  ArrowLeft: { x: -10, y: 0 }, ArrowRight: { x: 10, y: 0 }, ArrowUp: { x: 0, y: -10 }, ArrowDown: { x: 0, y: 10 },
};

/** The keyboard of the whole page: no other widget lives beside the editor. Streamlit's own single keys are held off. */
export function useHotkeys(editor: Editor, canvas: React.RefObject<CanvasHandle | null>): void {
  const flow = useReactFlow();
  const now = useRef(editor);
  now.current = editor;
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if ((typing(event) && !settled(event)) || event.defaultPrevented) return;
      const held = event.ctrlKey || event.metaKey;
      const [target] = event.composedPath();
      const button = target instanceof Element && target.closest("button,a,[role=button]") !== null;
      if (button && (event.key === "Enter" || event.key === " ")) return;
      const done = held ? withControl(event, now.current) : plain(event, now.current, canvas, flow);
      if (done) {
        event.preventDefault();
        event.stopImmediatePropagation();
      } else if (!held && /^[rc]$/i.test(event.key)) event.stopImmediatePropagation();
    };
    const onCopy = (event: ClipboardEvent) => {
      if (typing(event) || String(getSelection() ?? "").trim()) return;
      const { view, scene, state } = now.current;
      const clip = copied(view, scene, state.selected);
      if (!clip || !event.clipboardData) return;
      event.clipboardData.setData("text/plain", JSON.stringify(clip));
      event.preventDefault();
      if (event.type === "cut") for (const edit of remove(scene, state.selected)) now.current.apply(edit);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (typing(event)) return;
      const clip = readClip(event.clipboardData?.getData("text/plain") ?? "");
      if (!clip) return;
      event.preventDefault();
      now.current.take(paste(now.current.view, now.current.scene, clip));
    };
    window.addEventListener("keydown", down, true);
    document.addEventListener("copy", onCopy);
    document.addEventListener("cut", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      window.removeEventListener("keydown", down, true);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("cut", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [canvas, flow]);
}

function withControl(event: KeyboardEvent, editor: Editor): boolean {
  const { view, scene, state, ui, session } = editor;
  const keys = [...state.selected];
  switch (event.key.toLowerCase()) {
    case "z":
      if (event.shiftKey) session.redo();
      else session.undo();
      return true;
    case "y":
      session.redo();
      return true;
    case "a":
      ui.select(...everything(scene));
      return true;
    case "d": {
      const clip = copied(view, scene, keys);
      if (clip) editor.take(paste(view, scene, clip, { x: 276, y: 0 }));
      return true;
    }
    case "g": {
      if (event.shiftKey) {
        editor.apply(ungroupSelected(scene, state.selected));
        ui.select();
        return true;
      }
      if (!keys.length) return true;
      const made = group(view, scene, keys);
      if (typeof made === "string") session.tell({ tone: "info", fact: made, remedy: "", again: [] });
      else editor.take(made);
      return true;
    }
    default:
      return false;
  }
}

function plain(event: KeyboardEvent, editor: Editor, canvas: React.RefObject<CanvasHandle | null>, flow: ReturnType<typeof useReactFlow>): boolean {
  const { view, scene, state, ui, errors, prefix } = editor;
  const keys = [...state.selected].filter((key) => scene.byKey.has(key));
  const [only] = keys.length === 1 ? keys : [];
  if (state.quick || state.sheet) {
    if (event.key !== "Escape") return false;
    ui.set({ quick: null, sheet: false });
    return true;
  }
  if (state.renaming && event.key.length === 1) return true; // typed before the name's field was there
  switch (event.key) {
    case "/":
      ui.set({ quick: { replace: null, from: null } });
      return true;
    case "?":
      ui.set({ sheet: true });
      return true;
    case "Delete":
    case "Backspace": {
      const wire = scene.wires.find((item) => item.key === state.wire);
      if (wire) editor.apply(cut(wire));
      for (const edit of remove(scene, state.selected)) editor.apply(edit);
      ui.select();
      return true;
    }
    case "Escape":
      ui.set({ selected: new Set(), wire: null, openCard: null, renaming: null });
      return true;
    case "Enter":
    case "F2":
      if (only) ui.set({ renaming: only });
      return !!only;
    case "Tab":
      return nextLayer(event, editor, only, canvas);
    case "ArrowLeft":
    case "ArrowRight":
    case "ArrowUp":
    case "ArrowDown":
      return nudge(event, editor, keys);
    case "l":
      editor.apply(tidy(view, scene, view.graph));
      setTimeout(() => canvas.current?.fit(), LENGTH + 40);
      return true;
    case "f":
      canvas.current?.fit();
      return true;
    case "s":
      if (only) ui.set({ quick: { replace: only, from: null } });
      return !!only;
    case "o":
      return openModule(editor, only);
    case "[":
    case "]":
      return nextGraph(editor, event.key === "]" ? 1 : -1);
    case "u":
      if (editor.inside) ui.open(editor.rootGraph, editor.inside.split("/").slice(0, -1).join("/"));
      return !!editor.inside;
    case "r": {
      const issue = errors.find((item) => item.node && state.selected.has(item.node.slice(prefix.length))) ?? errors[0];
      if (issue?.fixes[0]) editor.repair(issue, issue.fixes[0]);
      return true;
    }
    case "+":
    case "=":
      void flow.zoomIn({ duration: 120 });
      return true;
    case "-":
      void flow.zoomOut({ duration: 120 });
      return true;
    default:
      return false;
  }
}

function nudge(event: KeyboardEvent, editor: Editor, keys: string[]): boolean {
  const step = STEP[event.key];
  if (!step || !keys.length) return false;
  const { scene, view } = editor;
  const k = event.shiftKey ? 4 : 1;
  const heads = new Set(keys.map((key) => scene.byKey.get(key)!.head));
  const to = new Map([...heads].map((key) => {
    const { at } = scene.byKey.get(key)!;
    return [key, { x: at.x + step.x * k, y: at.y + step.y * k }] as const;
  }));
  for (const edit of move(view, scene, to)) editor.apply(edit);
  return true;
}

/** Tab walks along the flow: top to bottom, left to right. At the ends it leaves the canvas. */
function nextLayer(event: KeyboardEvent, editor: Editor, only: string | undefined, canvas: React.RefObject<CanvasHandle | null>): boolean {
  const [target] = event.composedPath();
  const within = target instanceof Element && (target === document.body || target.closest(".react-flow") !== null);
  if (!within || !only) return false;
  const order = [...editor.scene.items].sort((a, b) => a.at.y - b.at.y || a.at.x - b.at.x).map((item) => item.key);
  const next = order[order.indexOf(only) + (event.shiftKey ? -1 : 1)];
  if (!next) return false;
  editor.ui.select(next);
  canvas.current?.show([next]);
  return true;
}

/** Through the project's graphs and modules, in the order of the tabs. */
function nextGraph(editor: Editor, by: number): boolean {
  const { doc, graph } = editor.view;
  const all = [...Object.keys(doc.graphs), ...Object.keys(doc.modules).map((name) => `modules.${name}`)];
  if (all.length < 2) return false;
  editor.open(all[(all.indexOf(graph) + by + all.length) % all.length]!);
  return true;
}

function openModule(editor: Editor, only: string | undefined): boolean {
  const { ui, state, scene } = editor;
  const frame = scene.frames.find((item) => state.selected.has(item.key));
  if (frame) {
    ui.set({ opened: new Set([...state.opened].filter((key) => key !== frame.key)) });
    return true;
  }
  const item = only ? scene.byKey.get(only) : undefined;
  if (!item?.face?.module) return false;
  ui.set({ opened: new Set([...state.opened, item.key]) });
  return true;
}
