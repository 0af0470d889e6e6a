// What floats above the canvas in screen size: selection tools and the message beside a faulty node.

import { useViewport } from "@xyflow/react";
import { useLayoutEffect, useRef, useState } from "react";

import { useEditor } from "../context";
import { Icon, type IconName } from "../icons";
import { bypass, remove } from "../model/actions";
import { copied, paste } from "../model/clipboard";
import { group, ungroupSelected } from "../model/modules";
import { align, type Alignment } from "../model/placing";
import type { Item, Scene } from "../model/scene";
import { WIDTH } from "../model/stacks";
import type { Issue } from "../model/types";

const CARD = 290;

export interface Size {
  width: number;
  height: number;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function boxOf(items: Item[], view: { x: number; y: number; zoom: number }): Box {
  const on = (x: number, y: number) => [x * view.zoom + view.x, y * view.zoom + view.y] as const;
  const [left, top] = on(Math.min(...items.map((i) => i.at.x)), Math.min(...items.map((i) => i.at.y)));
  const [right, bottom] = on(Math.max(...items.map((i) => i.at.x + WIDTH)), Math.max(...items.map((i) => i.at.y + i.height)));
  return { left, top, right, bottom };
}

function Tool({ name, label, onClick, id }: { name: IconName; label: string; onClick: () => void; id: string }) {
  return <button className="ib" title={label} aria-label={label} onClick={onClick} data-testid={`tool-${id}`}><Icon name={name} /></button>;
}

export function useTools() {
  const editor = useEditor();
  const { view, scene, ui, state } = editor;
  const keys = [...state.selected].filter((key) => scene.byKey.has(key));
  return {
    keys,
    duplicate() {
      const clip = copied(view, scene, keys);
      if (!clip) return;
      const item = scene.byKey.get(keys[0]!)!;
      const there = { ...view, graph: item.graph };
      const made = paste(there, scene, clip, { x: WIDTH + 48, y: 0 });
      const path = item.key.slice(0, item.key.length - item.node.id.length);
      editor.take({ ...made, select: made.select.map((id) => path + id) });
    },
    remove() {
      for (const edit of remove(scene, keys)) editor.apply(edit);
      ui.select();
    },
    bypass: () => keys[0] && editor.apply(bypass(view, scene, keys[0])),
    swap: () => keys[0] && ui.set({ quick: { replace: keys[0], from: null } }),
    align: (how: Alignment) => editor.apply(align(view, scene, keys, how)),
    group() {
      const made = group(view, scene, keys);
      if (typeof made === "string") editor.session.tell({ tone: "info", fact: made, remedy: "", again: [] });
      else editor.take(made);
    },
    ungroup() {
      editor.apply(ungroupSelected(scene, state.selected));
      ui.select();
    },
  };
}

/** Where the tools stand: right of the selection, else left of it, else above, and below it where that is out of sight. */
export function toolsAt(box: Box, width: number, middle: number, size: Size, taken: Box | null): { left: number; top: number; beside: boolean } {
  const clear = (left: number, top: number) =>
    left > 4 && left + width < size.width - 4 &&
    !(taken && left < taken.right + 4 && left + width > taken.left - 4 && top < taken.bottom + 4 && top + 32 > taken.top - 4);
  const top = Math.max(8, middle);
  if (clear(box.right + 40, middle)) return { left: box.right + 40, top, beside: true };
  if (clear(box.left - 40 - width, middle)) return { left: box.left - 40 - width, top, beside: false };
  const left = Math.max(8, Math.min(size.width - width - 8, box.right - width));
  return { left, top: box.top >= 48 || box.bottom + 48 > size.height ? Math.max(8, box.top - 40) : box.bottom + 8, beside: false };
}

function SelectionTools({ scene, size, taken }: { scene: Scene; size: Size; taken: Box | null }) {
  const { state } = useEditor();
  const viewport = useViewport();
  const tools = useTools();
  const items = tools.keys.map((key) => scene.byKey.get(key)!).filter(Boolean);
  const frame = state.selected.size === 1 ? scene.frames.find((f) => state.selected.has(f.key)) : undefined;
  if (!items.length || frame) return null;
  const box = boxOf(items, viewport);
  if (box.bottom < 0 || box.top > size.height || box.right < 0 || box.left > size.width) return null;
  const one = items.length === 1;
  const module = one && items[0]!.face?.module;
  const width = (one ? 126 : 218) + (module ? 30 : 0);
  const { left, top, beside } = toolsAt(box, width, one ? (box.top + box.bottom) / 2 - 16 : box.top, size, taken);
  return (
    <>
      {beside && <div className="leash" style={{ left: box.right + 3, width: 37, top: top + 15 }} />}
      <div className="card tools" role="toolbar" aria-label="Selection" style={{ left, top }}>
        <Tool id="duplicate" name="duplicate" label="Duplicate (Ctrl+D)" onClick={tools.duplicate} />
        {one && <Tool id="swap" name="swap" label="Swap for another layer" onClick={tools.swap} />}
        {one && <Tool id="bypass" name="bypass" label="Bypass: keep it, but lead the flow past it" onClick={tools.bypass} />}
        {!one && <Tool id="align-left" name="alignLeft" label="Align left" onClick={() => tools.align("left")} />}
        {!one && <Tool id="align-top" name="alignTop" label="Align tops" onClick={() => tools.align("top")} />}
        {!one && <Tool id="spread" name="spread" label="Share out the space" onClick={() => tools.align("spread")} />}
        {!one && <Tool id="group" name="group" label="Group into a module (Ctrl+G)" onClick={tools.group} />}
        {module && <Tool id="ungroup" name="ungroup" label="Ungroup (Ctrl+Shift+G)" onClick={tools.ungroup} />}
        <Tool id="delete" name="trash" label="Delete (Del)" onClick={tools.remove} />
      </div>
    </>
  );
}

export const cardKey = (issue: Issue) => `${issue.node}:${issue.code}:${issue.title}`;

function Table({ issue }: { issue: Issue }) {
  if (!issue.table.length) return null;
  const columns = Math.max(...issue.table.map((row) => row.shape.length));
  const pad = (n: number) => Array.from({ length: n }, (_, i) => <td key={`p${i}`} />);
  return (
    <table className="mono">
      <tbody>
        {issue.table.map((row) => (
          <tr key={row.label}>
            <td className="f">{row.label}</td>
            {row.shape.map((size, axis) => (
              <td key={axis} className="r">{issue.differing.includes(axis) ? <i>{size}</i> : size}</td>
            ))}
            {pad(columns - row.shape.length)}
          </tr>
        ))}
        {issue.axes.length > 0 && (
          <tr className="axes">
            <td />
            {issue.axes.slice(0, columns).map((axis, index) => <td key={index} className="r">{axis}</td>)}
          </tr>
        )}
      </tbody>
    </table>
  );
}

interface Spot {
  issue: Issue;
  box: Box;
  side: "right" | "left" | "under";
  left: number;
  top: number;
  middle: number;
}

/** Which message is shown: the one that was asked for, the selected node's, else the first error's (what a node that
 *  is not joined yet lacks can wait); and where, so that it hides the fewest nodes. */
function useCard(scene: Scene, size: Size, height: number): Spot | null {
  const { state, errors, check, prefix } = useEditor();
  const viewport = useViewport();
  const local = (issue: Issue): string => {
    const path = issue.node?.startsWith(prefix) ? issue.node.slice(prefix.length).split("/") : [];
    for (let depth = path.length; depth > 0; depth -= 1) {
      const key = path.slice(0, depth).join("/");
      if (scene.byKey.has(key)) return key;
    }
    return path.join("/");
  };
  const boxed = (issue: Issue): Box | null => {
    const item = scene.byKey.get(local(issue));
    if (item) return boxOf([item], viewport);
    const frame = scene.frames.find((found) => found.key === local(issue));
    if (!frame) return null;
    const [left, top] = [frame.at.x * viewport.zoom + viewport.x, frame.at.y * viewport.zoom + viewport.y];
    return { left, top, right: left + frame.width * viewport.zoom, bottom: top + 40 * viewport.zoom };
  };
  const known = [...errors, ...check.issues.filter((issue) => issue.severity === "warning")].filter((issue) => local(issue) && boxed(issue));
  const joined = (key: string) => scene.wires.some((wire) => wire.source === key || wire.target === key);
  const chosen = known.find(
    (issue) => state.selected.has(local(issue)) && state.selected.size === 1 && (issue.severity === "error" || joined(local(issue))),
  );
  const issue =
    known.find((item) => cardKey(item) === state.openCard) ??
    (chosen && !state.closedCards.has(cardKey(chosen)) ? chosen : undefined) ??
    known.find((item) => item.severity === "error" && !state.closedCards.has(cardKey(item)));
  const box = issue && boxed(issue);
  if (!issue || !box || box.bottom < -20 || box.top > size.height + 20) return null;
  const edge = size.width - CARD - 12;
  const middle = (box.top + box.bottom) / 2;
  const within = (top: number) => Math.max(8, Math.min(size.height - height - 8, top));
  const beside = within(middle - height / 2 + 20);
  const spots: Spot[] = [];
  if (box.right + 14 < edge) spots.push({ issue, box, middle, side: "right", left: Math.min(box.right + 48, edge), top: beside });
  if (box.left - 48 - CARD > 8) spots.push({ issue, box, middle, side: "left", left: box.left - 48 - CARD, top: beside });
  const under = within(box.bottom + 10);
  for (const left of [edge, Math.min(box.left, edge), 8]) spots.push({ issue, box, middle, side: "under", left: Math.max(8, left), top: under });
  const others = scene.items.map((item) => boxOf([item], viewport));
  others.push({ left: 0, right: 60, top: size.height - 130, bottom: size.height }); // the zoom
  const hidden = (spot: Spot) => others.filter((other) =>
    other.left < spot.left + CARD && other.right > spot.left && other.top < spot.top + height && other.bottom > spot.top).length;
  return spots.reduce((best, spot) => (hidden(spot) < hidden(best) ? spot : best));
}

export function Overlays({ scene, size }: { scene: Scene; size: Size }) {
  const [height, setHeight] = useState(210);
  const spot = useCard(scene, size, height);
  const taken = spot ? { left: spot.left, top: spot.top, right: spot.left + CARD, bottom: spot.top + height } : null;
  return (
    <>
      <SelectionTools scene={scene} size={size} taken={taken} />
      {spot && <FaultCard spot={spot} height={height} setHeight={setHeight} />}
    </>
  );
}

function FaultCard({ spot, height, setHeight }: { spot: Spot; height: number; setHeight: (height: number) => void }) {
  const editor = useEditor();
  const { state, ui, repair, scene, prefix } = editor;
  const [unfolded, setUnfolded] = useState("");
  const { issue, box, side, left, top, middle } = spot;
  const card = useRef<HTMLElement>(null);
  const shown = cardKey(issue);
  useLayoutEffect(() => {
    if (card.current) setHeight(card.current.offsetHeight);
  }, [shown, unfolded, setHeight]);
  const closed = !!issue.node?.includes("/") && !scene.byKey.has(issue.node.slice(prefix.length));
  const [best, ...others] = issue.fixes;
  const key = cardKey(issue);
  const open = unfolded === key;
  const off = editor.session.unanswered;
  const words = others.length === 1 ? "1 other way" : `${others.length} other ways`;
  const reaches = middle > top && middle < top + height;
  return (
    <>
      {side !== "under" && reaches && issue.severity === "error" && (
        <div className="leash err" style={side === "right" ? { left: box.right, width: left - box.right, top: middle } : { left: left + CARD, width: box.left - left - CARD, top: middle }} />
      )}
      <section
        className={`card fault ${issue.severity === "warning" ? "warn" : ""}`} style={{ left, top }} aria-label={issue.title} data-testid="fault-card"
        ref={card}
      >
        <button className="close" aria-label="Close the message" onClick={() => ui.set({ closedCards: new Set([...state.closedCards, key]), openCard: null })}><Icon name="cross" small /></button>
        <div className="ttl"><Icon name={issue.severity === "error" ? "fault" : "warn"} /><b style={{ paddingRight: 16 }}>{issue.title}</b></div>
        <Table issue={issue} />
        <div className="s12 m" style={{ margin: issue.table.length ? "0 0 10px" : "8px 0 10px" }}>{issue.message}</div>
        {closed && (
          <button className="btn sm" style={{ marginBottom: best ? 8 : 0 }} data-testid="open-fault" onClick={() => editor.reveal(issue.node!)}><Icon name="group" small />Show it inside</button>
        )}
        {best && (
          <>
            <div className="row g4" style={{ flexWrap: "wrap" }}>
              <button className={`btn sm ${off ? "off" : issue.severity === "error" ? "p" : ""}`} disabled={off} data-testid="repair-primary" onClick={() => repair(issue, best)}><Icon name="wrench" small />{best.label}</button>
              {others.length > 0 && (
                <button className="btn q sm" style={{ padding: "0 4px" }} aria-expanded={open} onClick={() => setUnfolded(open ? "" : key)} data-testid="repair-others">{words} <Icon name="down" small /></button>
              )}
            </div>
            <div className="s12 f" style={{ marginTop: 7 }}>{sentence(best.why, best.price)} Undo any time.</div>
          </>
        )}
        {open && (
          <div className="fold">
            {others.map((fix, index) => (
              <button key={index} className="way" disabled={off} onClick={() => repair(issue, fix)} data-testid={`repair-${index + 1}`}>
                <span style={{ fontWeight: 500 }}>{fix.label}</span>
                <span className="s12 f" style={{ display: "block" }}>{sentence(fix.why, fix.price)}</span>
              </button>
            ))}
          </div>
        )}
      </section>
    </>
  );
}

function sentence(why: string, price: string): string {
  if (!price) return why;
  const bare = why.replace(/\.$/, "");
  return bare ? `${bare}: ${price}.` : `${price}.`;
}
