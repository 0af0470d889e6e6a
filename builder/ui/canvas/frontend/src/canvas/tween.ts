import { useLayoutEffect, useRef, useState } from "react";

import type { Scene } from "../model/scene";
import type { Point } from "../model/types";

/** Milliseconds after which a new layout stands. */
export const LENGTH = 200;
const MOST = 300;

/** Places on the way from where nodes were to where they belong: 200 ms after a layout, none while dragging. */
export function useTween(scene: Scene, dragging: boolean): Map<string, Point> | null {
  const [now, setNow] = useState<Map<string, Point> | null>(null);
  const last = useRef<Map<string, Point>>(new Map());
  const still = useRef(false);
  if (dragging) still.current = true;
  useLayoutEffect(() => {
    const goal = new Map(scene.items.map((item) => [item.key, item.at]));
    const from = new Map([...goal].map(([key, at]) => [key, last.current.get(key) ?? at]));
    const moved = [...goal].filter(([key, at]) => from.get(key)!.x !== at.x || from.get(key)!.y !== at.y);
    last.current = goal;
    const quiet = still.current || matchMedia("(prefers-reduced-motion: reduce)").matches;
    still.current = false;
    if (!moved.length || quiet || goal.size > MOST) {
      setNow(null);
      return undefined;
    }
    const start = performance.now();
    let frame = 0;
    const step = (time: number) => {
      const t = Math.min(1, Math.max(0, (time - start) / LENGTH));
      const ease = 1 - (1 - t) ** 3;
      if (t >= 1) {
        setNow(null);
        return;
      }
      setNow(new Map(moved.map(([key, at]) => {
        const old = from.get(key)!;
        return [key, { x: old.x + (at.x - old.x) * ease, y: old.y + (at.y - old.y) * ease }];
      })));
      frame = requestAnimationFrame(step);
    };
    step(start);
    return () => cancelAnimationFrame(frame);
  }, [scene]);
  return now;
}
