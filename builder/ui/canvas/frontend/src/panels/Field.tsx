import { useEffect, useId, useRef, useState } from "react";

import { Icon } from "../icons";
import { offered, parse, same, show, stepped } from "../model/field";
import type { Json, ParamFace } from "../model/types";

interface Props {
  param: ParamFace;
  value: Json | undefined;
  set: boolean;
  change: (value: Json) => void;
  reset: () => void;
}

const PAUSE = 300;

function Typed({ param, value, change, id, tell }: Props & { id: string; tell: (wrong: string) => void }) {
  const [text, setText] = useState(show(value));
  const dirty = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (!dirty.current) setText(show(value));
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const commit = (typed: string) => {
    clearTimeout(timer.current);
    const parsed = parse(param, typed);
    if ("wrong" in parsed) tell(parsed.wrong);
    else {
      dirty.current = false;
      tell("");
      if (!same(parsed.value, value)) change(parsed.value);
    }
  };
  const step = (direction: 1 | -1) => {
    const parsed = parse(param, text);
    const next = stepped(param, "value" in parsed ? parsed.value : value, direction);
    if (next === null) return;
    setText(show(next));
    commit(show(next));
  };
  const numeric = ["int", "float", "optional_int", "optional_float"].includes(param.kind) || (param.kind === "size" && typeof value === "number");
  return (
    <>
      <input
        id={id} value={text} inputMode={numeric ? "decimal" : "text"} autoComplete="off" spellCheck={false} aria-describedby={`${id}-help`}
        placeholder={param.default === null ? "none" : ""} data-testid={`field-${param.name}`}
        data-settled={text === show(value)}
        onChange={(event) => {
          const typed = event.target.value;
          setText(typed);
          dirty.current = true;
          clearTimeout(timer.current);
          const parsed = parse(param, typed);
          tell("wrong" in parsed && typed !== "" ? parsed.wrong : "");
          timer.current = setTimeout(() => commit(typed), PAUSE);
        }}
        onBlur={() => commit(text)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Enter") commit(text);
          if (event.key === "ArrowUp" && numeric) { event.preventDefault(); step(1); }
          if (event.key === "ArrowDown" && numeric) { event.preventDefault(); step(-1); }
          if (event.key === "Escape") { clearTimeout(timer.current); dirty.current = false; setText(show(value)); tell(""); event.currentTarget.blur(); }
        }}
      />
      {numeric && (
        <span className="stp">
          <button tabIndex={-1} aria-label={`More ${param.name}`} onClick={() => step(1)}>+</button>
          <button tabIndex={-1} aria-label={`Less ${param.name}`} onClick={() => step(-1)}>−</button>
        </span>
      )}
    </>
  );
}

function Control(props: Props & { id: string; wrong: string; tell: (wrong: string) => void }) {
  const { param, value, change, id } = props;
  if (param.kind === "bool")
    return (
      <button id={id} className="switch" role="switch" aria-checked={value === true} aria-label={param.name} data-testid={`field-${param.name}`} onClick={() => change(value !== true)}>
        <i />
      </button>
    );
  if (param.kind === "choice")
    return (
      <select id={id} className="pick" value={show(value)} data-testid={`field-${param.name}`} onChange={(event) => change(event.target.value || null)} onKeyDown={(event) => event.stopPropagation()}>
        {offered(param, value).map((choice) => <option key={choice.value} value={choice.value}>{choice.label}</option>)}
      </select>
    );
  return <div className={`in ${props.wrong ? "bad" : ""}`}><Typed {...props} /></div>;
}

export function Field(props: Props) {
  const { param, set, reset } = props;
  const id = useId();
  const [wrong, setWrong] = useState("");
  const wide = param.kind === "choice" || param.kind === "ints" || param.kind === "text";
  const standard = param.required ? "" : param.default === null ? "none" : param.kind === "bool" ? (param.default ? "on" : "off") : show(param.default);
  const told = standard && !/default|Empty:/i.test(param.help) ? ` Default ${standard}.` : "";
  return (
    <div className="fld" data-param={param.name}>
      <label className="mono fl" htmlFor={id}>
        {param.name}
        {set && !param.required && (
          <button className="chg" title={`Differs from the default; back to ${standard}`} aria-label={`Set ${param.name} back to ${standard}`} onClick={(event) => { event.preventDefault(); reset(); }}><i /></button>
        )}
      </label>
      <div className={wide ? "box wide" : "box"}><Control {...props} id={id} wrong={wrong} tell={setWrong} /></div>
      <div className="s12 m" style={{ flex: "1 1 150px" }} id={`${id}-help`}>
        {wrong ? <span className="said" role="alert">{wrong}</span> : <>{param.help}{told}</>}
      </div>
    </div>
  );
}

export function Locked({ name, value, says }: { name: string; value: Json | undefined; says: string }) {
  return (
    <div className="fld">
      <div className="mono fl">{name}</div>
      <div className="box"><div className="row g6 f mono" style={{ height: 28, padding: "0 9px" }}><Icon name="lock" small />{value === undefined ? "–" : typeof value === "boolean" ? (value ? "on" : "off") : show(value)}</div></div>
      <div className="s12 m" style={{ flex: "1 1 150px" }}>{says}</div>
    </div>
  );
}
