import { useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";

import type { CanvasHandle } from "../canvas/Canvas";
import { NodeFace, type NodeData } from "../canvas/LayerNode";
import { useEditor } from "../context";
import { Glyph, Icon, Star, glyphOf } from "../icons";
import { find } from "../model/find";
import { freshId, graphOf, ids } from "../model/graph";
import type { LayerFace } from "../model/types";
import { favourites, folds, keepFavourites, keepFolds } from "../model/ui";

/** A family of up to so many layers is shown whole, else its first few. */
const SMALL = 10;
const SHOWN = 6;

interface Drag {
  face: LayerFace;
  x: number;
  y: number;
}

function ghost(face: LayerFace, id: string): NodeData {
  return {
    key: "ghost", id, layer: face.name, family: face.family, module: face.module ?? false, place: "alone", tail: true,
    inputs: [], outputs: [], info: undefined, issue: undefined, share: 0, selected: false, aim: false, renaming: false,
    rename: () => undefined,
  };
}

/** Drag from the palette with the pointer, so that the target lights up on the way. */
function useDrag(canvas: React.RefObject<CanvasHandle | null>) {
  const editor = useEditor();
  const [drag, setDrag] = useState<Drag | null>(null);
  const start = useRef<{ x: number; y: number; face: LayerFace } | null>(null);
  const stop = () => {
    start.current = null;
    setDrag(null);
    canvas.current?.aim({ node: null, wire: null });
  };
  return {
    drag,
    handlers: (face: LayerFace) => ({
      onPointerDown(event: React.PointerEvent) {
        if (event.button !== 0) return;
        start.current = { x: event.clientX, y: event.clientY, face };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove(event: React.PointerEvent) {
        const from = start.current;
        if (!from) return;
        if (!drag && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 4) return;
        setDrag({ face, x: event.clientX, y: event.clientY });
        canvas.current?.aim(canvas.current.at(event.clientX, event.clientY).target);
      },
      onPointerUp(event: React.PointerEvent) {
        const dragged = drag !== null;
        const spot = canvas.current?.at(event.clientX, event.clientY);
        stop();
        if (!dragged || !spot?.inside) return;
        const wire = editor.scene.wires.find((item) => item.key === spot.target.wire);
        if (wire) editor.add(face, { kind: "edge", wire });
        else if (spot.target.node) editor.add(face, { kind: "after", key: spot.target.node });
        else {
          const at = { x: Math.round(spot.point.x - 114), y: Math.round(spot.point.y - 23) };
          const line = editor.scene.items.find((item) => Math.abs(item.at.x - at.x) < 20);
          editor.add(face, { kind: "point", at: { x: line?.at.x ?? at.x, y: at.y } });
        }
      },
      onPointerCancel: stop,
    }),
  };
}

export function Palette({ canvas }: { canvas: React.RefObject<CanvasHandle | null> }) {
  const editor = useEditor();
  const { catalogue, view, mount } = editor;
  const [query, setQuery] = useState("");
  const [stars, setStars] = useState(favourites);
  const [{ open, whole }, setFolds] = useState(folds);
  const { drag, handlers } = useDrag(canvas);
  const modules = useMemo(
    () => Object.keys(view.doc.modules).flatMap((name) => editor.faceOf(name) ?? []), [view.doc.modules, editor],
  );
  const faces = useMemo(() => Object.values(catalogue.layers), [catalogue]);
  const flip = (which: "open" | "whole", key: string) => {
    const list = which === "open" ? open : whole;
    const next = { open, whole, [which]: list.includes(key) ? list.filter((item) => item !== key) : [...list, key] };
    setFolds(next);
    keepFolds(next);
  };
  const star = (name: string) => {
    const next = stars.includes(name) ? stars.filter((item) => item !== name) : [...stars, name];
    setStars(next);
    keepFavourites(next);
  };
  const row = (face: LayerFace, where: string) => (
    <div
      key={where + face.name} className="pi" role="button" tabIndex={0} title={face.help}
      data-testid={where === "begin" ? `begin-${face.name}` : where === "all" && stars.includes(face.name) ? `shelf-${face.name}` : `palette-${face.name}`}
      aria-label={`${face.name}. ${face.help}`} {...handlers(face)}
      onDoubleClick={() => editor.add(face)}
      onKeyDown={(event) => event.key === "Enter" && event.target === event.currentTarget && editor.add(face)}
    >
      <span style={{ color: `var(--f-${face.family})` }}><Glyph name={glyphOf(face.family, face.name, face.module)} /></span>
      <span className="nm">{face.name}</span>
      <button
        className={`star ${stars.includes(face.name) ? "on" : ""}`} aria-label={stars.includes(face.name) ? `Remove ${face.name} from favourites` : `Keep ${face.name} as a favourite`}
        aria-pressed={stars.includes(face.name)} onPointerDown={(event) => event.stopPropagation()} onDoubleClick={(event) => event.stopPropagation()} onClick={() => star(face.name)}
      >
        <Star on={stars.includes(face.name)} />
      </button>
    </div>
  );
  const found = query ? find([...faces, ...modules], query) : [];
  const begin = editor.scene.items.length ? undefined : editor.faceOf("Input");
  const kept = stars.flatMap((name) => editor.faceOf(name) ?? []);
  return (
    <aside className="pal" aria-label="Layers">
      <label className="find">
        <Icon name="search" />
        <input
          value={query} placeholder="Find a layer" aria-label="Find a layer" data-testid="palette-search" type="text"
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setQuery("");
            if (event.key === "Enter" && found[0]) editor.add(found[0]);
          }}
        />
        <span className="kbd">/</span>
      </label>
      <div className="shelf">
        {query ? (
          found.length ? found.map((face) => row(face, "find"))
            : <div className="none">No layer is called or described so. Try “convolution”, “average” or “attention”.</div>
        ) : (
          <>
            {begin && <><div className="ph">Begin with</div>{row(begin, "begin")}<div className="gap" /></>}
            {kept.length > 0 && <><div className="ph">Favourites</div>{kept.map((face) => row(face, "fav"))}<div className="gap" /></>}
            <div className="ph">All layers</div>
            {catalogue.families.map((family) => {
              const own = faces.filter((face) => face.family === family.key);
              const long = own.length > SMALL;
              const shown = !long || whole.includes(family.key) ? own : own.slice(0, SHOWN);
              const spread = open.includes(family.key);
              return own.length === 0 ? null : (
                <div key={family.key}>
                  <button className="pf" aria-expanded={spread} onClick={() => flip("open", family.key)} data-testid={`family-${family.key}`}>
                    <span className={`tri ${spread ? "open" : ""}`}><Icon name="right" small /></span>
                    <span className="fs" style={{ background: `var(--f-${family.key})` }} />
                    <b>{family.title}</b><span className="sp" /><span>{own.length}</span>
                  </button>
                  {spread && (
                    <div className="pin">
                      {shown.map((face) => row(face, "all"))}
                      {long && (
                        <button className="more" aria-expanded={whole.includes(family.key)} onClick={() => flip("whole", family.key)}>
                          {own.length > shown.length ? `${own.length - shown.length} more` : "Fewer"}
                        </button>
                      )}
                    </div>
                  )}
                </div>
              );
            })}
            {modules.length > 0 && <><div className="gap" /><div className="ph">Your modules</div>{modules.map((face) => row(face, "own"))}</>}
          </>
        )}
      </div>
      <div className="hint">Drag onto the canvas, or onto an edge to insert. Double-click adds after the selection.</div>
      {drag && createPortal(
        <div className="dragged" style={{ left: drag.x, top: drag.y }}>
          <NodeFace data={ghost(drag.face, freshId(ids(graphOf(view.doc, view.graph)), drag.face.name))} ghost />
        </div>,
        mount,
      )}
    </aside>
  );
}
