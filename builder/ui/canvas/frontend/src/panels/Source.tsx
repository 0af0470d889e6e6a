import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";

import { useEditor } from "../context";
import { Icon } from "../icons";
import { highlight } from "../model/highlight";
import type { Doc, SourceText } from "../model/types";

/** The nodes of a source line: its own, the same node in other instances of its module, or the closed module around it. */
function useOwner(): (line: string) => string[] {
  const { scene, prefix, rootGraph, view } = useEditor();
  return useMemo(() => {
    const twins = new Map<string, string[]>();
    for (const item of scene.items) {
      const name = `${item.graph}/${item.node.id}`;
      twins.set(name, [...(twins.get(name) ?? []), item.key]);
    }
    const frames = new Set(scene.frames.map((frame) => frame.key));
    return (line: string) => {
      const [graph, bare] = graphAndNode(view.doc, line);
      if (graph !== rootGraph || !bare.startsWith(prefix)) return [];
      const path = bare.slice(prefix.length).split("/");
      for (let depth = path.length; depth > 0; depth -= 1) {
        const key = path.slice(0, depth).join("/");
        const item = scene.byKey.get(key);
        if (item) return twins.get(`${item.graph}/${item.node.id}`) ?? [key];
        if (frames.has(key)) return [key];
      }
      return [];
    };
  }, [scene, prefix, rootGraph, view.doc]);
}

/** What a line belongs to: the graph and the path of the node in it. */
export function graphAndNode(doc: Doc, line: string): [graph: string, node: string] {
  const [head = "", ...rest] = line.split("/");
  return head !== "model" && head in doc.graphs ? [head, rest.join("/")] : ["model", line];
}

/** The line where the class of a graph begins, counted from 0; -1 where there is none. */
function classLine(doc: Doc, source: SourceText, lines: string[], graph: string): number {
  const own = Object.entries(source.lines).filter(([, node]) => graphAndNode(doc, node)[0] === graph).map(([line]) => Number(line));
  const first = Math.min(...own);
  for (let at = first - 1; at >= 0 && Number.isFinite(first); at -= 1) if (/^class /.test(lines[at] ?? "")) return at;
  return -1;
}

const Line = memo(function Line(props: { number: number; text: string; lit: boolean; bad: boolean; note: string; node: string; choose: (node: string) => void }) {
  const { number, text, lit, bad, note, node, choose } = props;
  const tokens = useMemo(() => highlight(text), [text]);
  return (
    <div
      className={`ln ${bad ? "bad" : lit ? "lit" : ""}`} data-node={node || undefined} data-line={number}
      onClick={() => node && choose(node)}
    >
      <span className="no">{number}</span>
      <pre style={hanging(text)}>{tokens.map((token, index) => token.kind === "cls" ? <b key={index}>{token.text}</b> : token.kind ? <span key={index} className={token.kind}>{token.text}</span> : token.text)}</pre>
      <span className="sp" />
      <span className="nt">{note}</span>
    </div>
  );
});

/** A long line goes on below, indented further than it began. */
function hanging(text: string): React.CSSProperties {
  const indent = `${/^ */.exec(text)![0].length + 4}ch`;
  return { paddingLeft: indent, textIndent: `-${indent}` };
}

/** The code of a line and the shape that stands behind it as a comment. */
export function apart(line: string): [code: string, note: string] {
  const found = /^(\s*\S.*?)\s+# (.+)$/.exec(line);
  return found ? [found[1]!, found[2]!] : [line, ""];
}

export function Source({ open, setOpen }: { open: boolean; setOpen: (on: boolean) => void }) {
  const editor = useEditor();
  const { session, wire, state, scene, ui, issue, errors } = editor;
  const [source, setSource] = useState<SourceText | null>(null);
  const [copied, setCopied] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const owner = useOwner();
  const stamp = session.state?.stamp;
  useEffect(() => {
    if (!open || !stamp) return undefined;
    let gone = false;
    const timer = setTimeout(() => void wire.source().then((found) => !gone && found && setSource(found)), 60);
    return () => { gone = true; clearTimeout(timer); };
  }, [open, stamp, wire]);
  const lines = useMemo(() => (source?.text ? source.text.replace(/\n$/, "").split("\n") : []), [source]);
  const selected = [...state.selected].join("|");
  const lit = useMemo(() => {
    const keys = new Set(selected.split("|"));
    return new Set(Object.entries(source?.lines ?? {}).filter(([, node]) => owner(node).some((key) => keys.has(key))).map(([line]) => Number(line)));
  }, [source, selected, owner]);
  const shone = [...lit].sort((a, b) => a - b).join(" ");
  useEffect(() => {
    const all = shone.split(" ").filter(Boolean).map(Number);
    const [first] = all;
    const area = box.current;
    if (!area || first === undefined) return;
    const spot = (line: number) => area.querySelector<HTMLElement>(`[data-line="${line}"]`)?.offsetTop ?? 0;
    const top = spot(first);
    if (top < area.scrollTop || all.every((line) => spot(line) + 19 > area.scrollTop + area.clientHeight)) area.scrollTop = Math.max(0, top - 57);
  }, [shone]);
  const { doc, graph: openGraph } = editor.view;
  const several = Object.keys(doc.graphs).length > 1;
  const follow = useRef(openGraph);
  useEffect(() => {
    if (follow.current === openGraph || !source || !box.current) return;
    follow.current = openGraph;
    const at = several && !selected ? classLine(doc, source, lines, editor.rootGraph) : -1;
    const line = box.current.querySelector<HTMLElement>(`[data-line="${at + 1}"]`);
    if (line) box.current.scrollTop = Math.max(0, line.offsetTop - 19);
  }, [openGraph, source, lines, doc, several, selected, editor.rootGraph]);
  const newest = useRef<(node: string) => void>(() => undefined);
  const choose = useCallback((node: string) => newest.current(node), []);
  newest.current = (node) => {
    const [graph, path] = graphAndNode(doc, node);
    if (graph !== editor.rootGraph) {
      if (path) editor.open(graph, path);
      return;
    }
    const [key] = owner(node);
    if (key) {
      ui.select(key);
      editor.reveal(key);
    }
  };
  const copy = () => {
    void navigator.clipboard?.writeText(source?.text ?? "").then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <section className={`src ${open ? "" : "folded"}`} aria-label="Source" data-testid="source">
      <div className="row g8 hd">
        <button className="row g8" aria-expanded={open} onClick={() => setOpen(!open)} title={open ? "Fold the source" : "Show the source"}>
          <Icon name="code" /><b>model.py</b>
        </button>
        <span className="f s12 nw" style={{ overflow: "hidden", textOverflow: "ellipsis" }}>{(source?.repaired ?? errors.length > 0) ? "with the repairs that are proposed" : "exactly what is trained and exported"}</span>
        <span className="sp" />
        {open && source?.text && (
          <button className="ib" style={{ marginRight: -8 }} title="Copy the source" aria-label="Copy the source" onClick={copy} data-testid="copy-source"><Icon name={copied ? "check" : "copy"} /></button>
        )}
      </div>
      {open && (
        <div className="code" ref={box} tabIndex={0} aria-label="Python source" onKeyDown={(event) => event.stopPropagation()}>
          {source && !source.text && <div className="none">{source.trouble || "The source appears as soon as the network is whole."}</div>}
          <div className="in-code">
            {lines.map((text, index) => {
              const node = source?.lines[String(index + 1)] ?? "";
              const [code, note] = apart(text);
              return (
                <Line
                  key={index} number={index + 1} text={code} node={node} choose={choose} note={note} lit={lit.has(index + 1)}
                  bad={owner(node).some((key) => issue(key)?.severity === "error" && scene.byKey.has(key))}
                />
              );
            })}
          </div>
        </div>
      )}
    </section>
  );
}
