import { useState } from "react";

import { cardKey } from "../canvas/Overlays";
import { useEditor } from "../context";
import { Glyph, Icon, glyphOf } from "../icons";
import { renameModule, ungroup } from "../model/modules";
import { mainGraph } from "../model/places";
import { same } from "../model/field";
import { count, shapeText } from "../model/format";
import type { Item } from "../model/scene";
import type { Info, Json, LayerFace, ParamFace, Params, PortFace } from "../model/types";
import { Field, Locked } from "./Field";
import { Whole } from "./Whole";

const FIRST = 4;

function Flow({ item, info, faulty }: { item: Item; info: Info; faulty: boolean }) {
  const [into, out] = [info.inputs, info.outputs];
  const list = (shapes: number[][], ports: PortFace[], sure = false) =>
    shapes.map((shape, index) => (
      <div className="mono nw" key={index}>
        {ports.length > 1 && <span className="f">{ports[index]?.name} </span>}{info.assumed && !sure && "≈ "}{shapeText(shape)}
      </div>
    ));
  return (
    <div className="io">
      {into.length > 0 && <div><div className="lbl">In</div>{list(into, item.inputs, faulty)}</div>}
      {into.length > 0 && out.length > 0 && <span className="f"><Icon name="right" /></span>}
      {out.length > 0 && <div><div className="lbl">{info.assumed ? "Out once repaired" : "Out"}</div>{list(out, item.outputs)}</div>}
      <span className="sp" />
      <div className="sum">
        <div className="lbl">Parameters</div>
        <div className="mono">
          {info.parameters > 0 && info.derivation && <span className="f">{info.derivation.replace(/\s*=\s*[\d,]+$/, "")} = </span>}
          <b>{info.parameters ? count(info.parameters) : "none"}</b>
        </div>
      </div>
    </div>
  );
}

const NAMED = 3;

/** Which repairs the figures above count on: a single repair's own price knows of none but itself. */
function Assumes() {
  const { errors } = useEditor();
  const fixes = [...new Set(errors.flatMap((issue) => issue.fixes[0]?.label ?? []))];
  const more = fixes.length - NAMED;
  if (!fixes.length) return null;
  return <div className="say s12 m" data-testid="assumes">As after {fixes.length === 1 ? "this repair" : "all these repairs"}: {fixes.slice(0, NAMED).join("; ")}{more > 0 && ` and ${more} more`}.</div>;
}

/** A name that turns into a field when it is clicked. */
function Named({ name, says, className, id, done }: { name: string; says: string; className: string; id: string; done: (name: string) => void }) {
  const [text, setText] = useState<string | null>(null);
  const leave = (typed: string | null) => {
    setText(null);
    if (typed && typed !== name) done(typed);
  };
  if (text === null)
    return <button className={className} title={says} aria-label={`${name}. ${says}`} onClick={() => setText(name)} data-testid={id}>{name}</button>;
  return (
    <input
      className={className} autoFocus value={text} aria-label={says} data-testid={`${id}-field`} onChange={(event) => setText(event.target.value)} onBlur={() => leave(text)}
      onFocus={(event) => event.target.select()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") leave(text);
        if (event.key === "Escape") setText(null);
      }}
    />
  );
}

function Title({ item }: { item: Item }) {
  const { apply, ui } = useEditor();
  const done = (name: string) => {
    apply({ graph: item.graph, label: `rename ${item.node.id}`, steps: [["rename", { id: item.node.id, new: name }]] });
    ui.select(item.key.slice(0, item.key.length - item.node.id.length) + name);
  };
  return <Named className="title" id="inspector-name" says="Rename this layer" name={item.node.id} done={done} />;
}

function ModuleName({ item }: { item: Item }) {
  const { apply } = useEditor();
  const name = item.node.layer;
  return <Named className="title kind" id="module-name" says="Rename the module wherever it is used" name={name} done={(fresh) => apply(renameModule(item.graph, name, fresh))} />;
}

function Fields({ item, face, info }: { item: Item; face: LayerFace; info: Info | undefined }) {
  const { apply, scene } = useEditor();
  const [more, setMore] = useState(false);
  const params = item.node.params;
  const before = scene.wires.filter((wire) => wire.target === item.key).map((wire) => scene.byKey.get(wire.source)?.node.id ?? "");
  const set = (param: ParamFace, value: Json) => {
    const back = !param.required && same(value, param.default);
    const args: Record<string, Json> = back ? { id: item.node.id, params: {}, remove: [param.name] } : { id: item.node.id, params: { [param.name]: value } };
    apply({ graph: item.graph, label: `set ${param.name} of ${item.node.id}`, steps: [["set_params", args]] });
  };
  const differs = (param: ParamFace) => param.name in params && !same(params[param.name], param.default);
  const open = face.params.filter((param) => !param.inferred);
  const ahead = open.filter((param, index) => param.required || index < FIRST || differs(param));
  const rest = open.filter((param) => !ahead.includes(param));
  const field = (param: ParamFace) => (
    <Field
      key={`${item.key}.${param.name}`} param={param} value={valueOf(param, params)} set={differs(param)} change={(value) => set(param, value)}
      reset={() => apply({ graph: item.graph, label: `reset ${param.name}`, steps: [["set_params", { id: item.node.id, params: {}, remove: [param.name] }]] })}
    />
  );
  return (
    <>
      {ahead.map(field)}
      {face.params.filter((param) => param.inferred).map((param) => (
        param.required
          ? <Locked key={param.name} name={param.name} value={info?.inferred[param.name]} says={before.length ? `Follows from ${before.join(" and ")}. Nothing to set.` : "Follows from what comes in. Nothing to set."} />
          : <Locked key={param.name} name={param.name} value={param.default} says={param.help} />
      ))}
      {rest.length > 0 && (
        <>
          <button className="rest" aria-expanded={more} onClick={() => setMore(!more)} data-testid="more-params">
            <span className={`tri ${more ? "open" : ""}`}><Icon name="right" small /></span>
            <span className="nw">{rest.length} more at torch’s defaults</span><span className="mono f">{rest.map((param) => param.name).join(", ")}</span>
          </button>
          {more && rest.map(field)}
        </>
      )}
    </>
  );
}

function valueOf(param: ParamFace, params: Params): Json | undefined {
  if (param.name in params) return params[param.name];
  return param.required ? (param.start ?? undefined) : param.default;
}

function Layer({ item }: { item: Item }) {
  const { info, issue, ui, state, apply, rootGraph, inside } = useEditor();
  const face = item.face;
  const known = info(item.key);
  const fault = issue(item.key);
  if (!face)
    return <div className="say s12 m" style={{ paddingTop: 14 }}>There is no layer called {item.node.layer}. Swap it for another one.</div>;
  return (
    <>
      <div className="row g8 hd">
        <span style={{ color: `var(--f-${face.family})` }}><Glyph name={glyphOf(face.family, face.name, face.module)} size={16} /></span>
        <Title item={item} />{face.module ? <ModuleName item={item} /> : <span className="f">{face.name}</span>}<span className="sp" />
        {face.docs && <a className="s12 row g4 nw" href={face.docs} target="_blank" rel="noreferrer">torch docs <Icon name="out" small /></a>}
        {face.module && (
          <>
          <button className="btn sm" data-testid="ungroup" onClick={() => { apply(ungroup(item.graph, item.node.id)); ui.select(); }}>Ungroup</button>
          <button className="btn sm" data-testid="open-module" onClick={() => ui.open(rootGraph, [inside, item.key].filter(Boolean).join("/"))}>Edit inside</button>
          </>
        )}
      </div>
      <div className="s12 m say">{face.help}</div>
      {known && (known.outputs.length > 0 || known.inputs.length > 0) && <Flow item={item} info={known} faulty={fault?.severity === "error"} />}
      {known?.assumed && <Assumes />}
      {fault && (fault.severity === "warning" || state.closedCards.has(cardKey(fault))) && <div className="say s12" style={{ color: fault.severity === "error" ? "var(--err)" : "var(--warn)" }}><b>{fault.title}.</b> {fault.message}</div>}
      <Fields item={item} face={face} info={known} />
      <Ablate item={item} face={face} />
    </>
  );
}

/** What the layer contributes is found by training without it; only where one way leads in. */
function Ablate({ item, face }: { item: Item; face: LayerFace }) {
  const { check, go, rootGraph, scene, inside, view } = useEditor();
  const ways = scene.wires.filter((wire) => wire.target === item.key).length;
  if (item.graph !== mainGraph(view.doc) || rootGraph !== item.graph || inside || face.family === "io" || ways !== 1) return null;
  const broken = check.issues.some((issue) => issue.severity === "error");
  const says = broken ? "First repair what is wrong with the graph" : "An ablation: three seeds with it and three without, compared on the Runs page";
  return (
    <div className="row say">
      <button className={broken ? "btn sm off" : "btn sm"} disabled={broken} title={says} data-testid="ablate" onClick={() => go(`ablate:${item.node.id}`)}>Train with and without it</button>
    </div>
  );
}

export function Inspector() {
  const { scene, state, faceOf } = useEditor();
  const keys = [...state.selected];
  const frame = keys.length === 1 ? scene.frames.find((item) => item.key === keys[0]) : undefined;
  let item = keys.length === 1 ? scene.byKey.get(keys[0]!) : undefined;
  if (frame) {
    const face = faceOf(frame.module);
    item = {
      key: frame.key, graph: frame.graph, node: frame.node, face, inputs: [], outputs: [],
      at: frame.at, height: 0, shift: { x: 0, y: 0 }, head: frame.key, place: "alone", frame: null,
    };
  }
  return (
    <section className="insp" aria-label="Settings" data-testid="inspector">
      {item ? <Layer key={item.key} item={item} />
        : keys.length > 1 ? (
          <>
            <div className="row g8 hd"><b>{keys.length} layers</b></div>
            <div className="s12 m say">Move, align, duplicate or delete them together, or group them into a module.</div>
          </>
        ) : <Whole />}
    </section>
  );
}
