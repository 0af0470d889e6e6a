import { expect, test } from "vitest";
import { along, place } from "../src/label";

const frame = { left: 0, top: 0, width: 400, height: 200 };
const level = (y: number) => Array.from({ length: 81 }, (_, i) => ({ x: i * 5, y }));

test("a label stands below its point where nothing is", () => {
  expect(place({ x: 100, y: 50 }, 80, 1, frame, level(50))).toEqual({ x: 100, y: 70 });
});

test("a curve below moves it above, and one on either side moves it further", () => {
  expect(place({ x: 100, y: 100 }, 80, 1, frame, [...level(100), ...level(114)]).y).toBe(90);
  const found = place({ x: 100, y: 100 }, 80, 1, frame, [...level(100), ...level(114), ...level(84)]);
  expect([138, 72]).toContain(found.y);
});

test("it stays within the frame at the right end and at the floor", () => {
  const found = place({ x: 395, y: 195 }, 80, 1, frame, level(195));
  expect(found.x + 80).toBeLessThanOrEqual(400);
  expect(found.y).toBeLessThan(195);
});

test("a curve of two epochs is kept clear of between them, too", () => {
  const few = [{ x: 0, y: 64 }, { x: 400, y: 64 }];
  expect(place({ x: 100, y: 50 }, 80, 1, frame, few).y).toBe(70);
  expect(place({ x: 100, y: 50 }, 80, 1, frame, along(few)).y).toBe(40);
  expect(along(few).at(-1)).toEqual(few[1]);
  expect(along([])).toEqual([]);
});
