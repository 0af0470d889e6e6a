import { useReactFlow, useViewport } from "@xyflow/react";
import { memo, useRef } from "react";

import type { Path } from "../model/route";
import type { Scene } from "../model/scene";
import { WIDTH } from "../model/stacks";
import type { Issue } from "../model/types";

const [W, H, PAD] = [134, 122, 9];
const THIN = 8;

interface Props {
  scene: Scene;
  paths: Map<string, Path>;
  issue: (key: string) => Issue | undefined;
  size: { width: number; height: number };
}

const Picture = memo(function Picture({ scene, paths, issue, k }: Props & { k: number }) {
  return (
    <>
      {scene.frames.map((frame) => (
        <rect key={frame.key} x={frame.at.x} y={frame.at.y} width={frame.width} height={frame.height} rx={10} fill="none" stroke="var(--line2)" strokeWidth={1 / k} />
      ))}
      {scene.wires.filter((wire) => wire.shortcut).map((wire) => (
        <path key={wire.key} d={paths.get(wire.key)?.d} fill="none" strokeWidth={1 / k}
          stroke={issue(wire.target)?.severity === "error" ? "var(--err)" : "var(--line2)"} />
      ))}
      {scene.items.map((item) => (
        <rect key={item.key} x={item.at.x} y={item.at.y} width={WIDTH} height={item.height} rx={4} fill={`var(--f-${item.face?.family ?? "io"})`} />
      ))}
    </>
  );
});

export function Minimap(props: Props) {
  const { scene, size } = props;
  const flow = useReactFlow();
  const { x, y, zoom } = useViewport();
  const box = useRef<SVGSVGElement>(null);
  if (!scene.items.length) return null;
  const seen = { x: -x / zoom, y: -y / zoom, width: size.width / zoom, height: size.height / zoom };
  const left = Math.min(...scene.items.map((item) => item.at.x), ...scene.frames.map((f) => f.at.x));
  const top = Math.min(...scene.items.map((item) => item.at.y));
  const right = Math.max(...scene.items.map((item) => item.at.x + WIDTH), ...scene.frames.map((f) => f.at.x + f.width));
  const bottom = Math.max(...scene.items.map((item) => item.at.y + item.height), ...scene.frames.map((f) => f.at.y + f.height));
  const k = Math.min((W - 2 * PAD) / Math.max(1, right - left), (H - 2 * PAD) / Math.max(1, bottom - top), 0.16);
  const kx = Math.max(k, Math.min(THIN / WIDTH, (W - 2 * PAD) / Math.max(1, right - left))); // a long chain is no hairline
  const dx = W / 2 - (kx * (left + right)) / 2;
  const dy = H / 2 - (k * (top + bottom)) / 2;
  const jump = (event: React.PointerEvent) => {
    const rect = box.current!.getBoundingClientRect();
    void flow.setCenter((event.clientX - rect.left - dx) / kx, (event.clientY - rect.top - dy) / k, { zoom });
  };
  const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  const [l, t] = [clip(seen.x * kx + dx, 2, W - 10), clip(seen.y * k + dy, 2, H - 10)];
  const [r, b] = [clip((seen.x + seen.width) * kx + dx, l + 8, W - 2), clip((seen.y + seen.height) * k + dy, t + 8, H - 2)];
  return (
    <div className="card mini" role="img" aria-label="Overview of the network; click to go there" data-testid="minimap">
      <svg
        ref={box} width={W} height={H}
        onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); jump(event); }}
        onPointerMove={(event) => event.buttons && jump(event)}
      >
        <g transform={`translate(${dx},${dy}) scale(${kx},${k})`}><Picture {...props} k={k} /></g>
        <rect x={l} y={t} width={r - l} height={b - t} rx="2" fill="none" stroke="var(--acc)" strokeWidth="1.5" />
      </svg>
    </div>
  );
}
