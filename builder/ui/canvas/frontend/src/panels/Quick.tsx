import { useEffect, useRef, useState } from "react";

import type { CanvasHandle } from "../canvas/Canvas";
import { useEditor, type Editor } from "../context";
import { Glyph, Icon, glyphOf } from "../icons";
import { addLayer } from "../model/actions";
import { find } from "../model/find";
import { swapped } from "../model/swap";
import type { LayerFace } from "../model/types";
import { favourites } from "../model/ui";
import { MOD } from "./Bar";

/** Axes of a sample where the new layer goes: after that node, the selected one, else what comes in first. */
function axesAt({ state, scene, info }: Editor, from: string | undefined): number {
  const key = from ?? (state.selected.size === 1 ? [...state.selected][0]! : scene.items.find((item) => item.node.layer === "Input")?.key);
  return (key && info(key)?.outputs[0]?.length) || 0;
}

export function Quick({ canvas }: { canvas: React.RefObject<CanvasHandle | null> }) {
  const editor = useEditor();
  const { ui, state, catalogue, view, scene, faceOf } = editor;
  const asked = state.quick;
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => { list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }); }, [at]);
  if (!asked) return null;
  const modules = Object.keys(view.doc.modules).flatMap((name) => faceOf(name) ?? []);
  const before = asked.from?.kind === "before";
  const every = [...Object.values(catalogue.layers), ...modules].filter((face) => !before || face.outputs.length);
  const stars = favourites();
  const all = query ? find(every, query, axesAt(editor, asked.from?.key)) : [...every].sort((a, b) => Number(stars.includes(b.name)) - Number(stars.includes(a.name)));
  const found = all.slice(0, 60);
  const close = () => ui.set({ quick: null });
  const take = (face: LayerFace | undefined) => {
    if (!face) return;
    close();
    if (asked.replace) {
      const item = scene.byKey.get(asked.replace);
      if (!item) return;
      const { edit, name } = swapped(view, item, face, editor.patterns);
      editor.apply(edit);
      ui.select(item.key.slice(0, item.key.length - item.node.id.length) + name);
    } else if (asked.from) editor.take(addLayer(view, scene, face, asked.from));
    else editor.add(face);
    canvas.current?.aim({ node: null, wire: null });
  };
  return (
    <div className="veil" onPointerDown={(event) => event.target === event.currentTarget && close()}>
      <div className="card quick" role="dialog" aria-label={asked.replace ? "Swap the layer" : "Add a layer"}>
        <label className="find">
          <Icon name="search" />
          <input
            autoFocus value={query} placeholder={asked.replace ? "Swap for…" : "Add a layer…"} aria-label="Layer" data-testid="quick-add" role="combobox" aria-expanded aria-controls="quick-list"
            onChange={(event) => { setQuery(event.target.value); setAt(0); }}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Escape") close();
              if (event.key === "Enter") take(found[at]);
              if (event.key === "ArrowDown" || event.key === "ArrowUp") {
                event.preventDefault();
                setAt(Math.max(0, Math.min(found.length - 1, at + (event.key === "ArrowDown" ? 1 : -1))));
              }
            }}
          />
          <span className="kbd">Esc</span>
        </label>
        <div className="list" role="listbox" id="quick-list" ref={list}>
          {found.map((face, index) => (
            <button key={face.name} className="opt" role="option" aria-selected={index === at} onPointerMove={() => setAt(index)} onClick={() => take(face)} data-testid={`quick-${face.name}`}>
              <span style={{ color: `var(--f-${face.family})` }}><Glyph name={glyphOf(face.family, face.name, face.module)} /></span>
              <span>{face.name}</span><span className="f s12">{face.help}</span>
            </button>
          ))}
          {!found.length && <div className="none">No layer is called or described so.</div>}
        </div>
      </div>
    </div>
  );
}

const KEYS: [string, string][] = [
  ["/", "Add a layer"],
  ["?", "This sheet"],
  [`${MOD}Z`, "Undo"],
  [`${MOD}Shift+Z`, "Redo"],
  ["Del", "Delete, what is around joins"],
  [`${MOD}C`, "Copy"],
  [`${MOD}V`, "Paste, also in another project"],
  [`${MOD}X`, "Cut"],
  [`${MOD}D`, "Duplicate"],
  [`${MOD}A`, "Select all"],
  [`${MOD}G`, "Group into a module"],
  [`${MOD}Shift+G`, "Ungroup a module"],
  ["Shift+drag", "Select a region"],
  ["Shift+click", "Add to the selection"],
  ["Tab", "Next layer in the flow"],
  ["Arrows", "Move the selection"],
  ["Enter, F2", "Rename"],
  ["Double-click", "Rename, or open a module"],
  ["[ ]", "Graph before, graph after"],
  ["U", "Out of the module"],
  ["Wheel", "Zoom at the pointer"],
  ["Drag on empty", "Move the view"],
  ["O", "Open or close a module"],
  ["S", "Swap for another layer"],
  ["L", "Tidy the layout"],
  ["F", "Fit into the window"],
  ["+ −", "Zoom"],
  ["R", "Apply the proposed repair"],
  ["Esc", "Select nothing, close"],
];

export function Sheet() {
  const { ui, state } = useEditor();
  if (!state.sheet) return null;
  const close = () => ui.set({ sheet: false });
  return (
    <div className="veil" onPointerDown={(event) => event.target === event.currentTarget && close()}>
      <div className="card sheet" role="dialog" aria-label="Keyboard" data-testid="key-sheet">
        <div className="row"><h3>Keyboard</h3><span className="sp" /><button className="ib" autoFocus aria-label="Close" onClick={close} onKeyDown={(event) => event.key === "Escape" && close()}><Icon name="cross" /></button></div>
        <div className="cols">
          {KEYS.map(([key, says]) => <div className="key" key={key}><span>{says}</span><span className="sp" /><span className="kbd">{key}</span></div>)}
        </div>
      </div>
    </div>
  );
}
