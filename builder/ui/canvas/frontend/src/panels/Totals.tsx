import { useEditor } from "../context";
import { bytes, short } from "../model/format";

export function Totals() {
  const { check, errors, session, scene } = useEditor();
  const assumed = Object.values(check.nodes).some((info) => info.assumed);
  const trouble = session.state?.busy || session.state?.trouble;
  return (
    <div className="tot" data-testid="totals">
      {scene.items.length > 0 && (
        <>
          <span><b>{short(check.parameters)}</b> parameters</span>
          <span><b>{short(check.macs)}</b> multiply-adds</span>
          {check.memory > 0 && <span><b>{bytes(check.memory)}</b> at batch {session.state?.batch ?? 32}</span>}
          <span className="row g6"><span className="cost"><i style={{ width: "60%" }} /></span>share of compute</span>
        </>
      )}
      <span className="sp" />
      {trouble ? <span className="why" title={trouble}>{trouble}</span>
        : assumed ? <span style={{ fontStyle: "italic" }}>≈ assumes the repair{errors.length > 1 ? "s" : ""}</span> : null}
    </div>
  );
}
