/** `fresh` with every part that equals `old` replaced by the old object, so that what did not change is not drawn anew. */
export function share<T>(old: unknown, fresh: T): T {
  if (Object.is(old, fresh)) return fresh;
  if (Array.isArray(fresh)) {
    if (!Array.isArray(old)) return fresh;
    const merged = fresh.map((item, index) => share(old[index], item));
    return (merged.length === old.length && merged.every((item, index) => item === old[index]) ? old : merged) as T;
  }
  if (fresh === null || typeof fresh !== "object" || old === null || typeof old !== "object" || Array.isArray(old)) return fresh;
  const before = old as Record<string, unknown>;
  const entries = Object.entries(fresh).map(([key, value]) => [key, share(before[key], value)] as const);
  const same = entries.length === Object.keys(before).length && entries.every(([key, value]) => key in before && before[key] === value);
  return (same ? old : Object.fromEntries(entries)) as T;
}
