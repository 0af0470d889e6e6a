import type { LayerFace } from "./types";

/** How well a layer answers a search, smaller is better; null where it does not. */
export function score(face: LayerFace, query: string): number | null {
  const name = face.name.toLowerCase();
  if (name === query) return 0;
  if (name.startsWith(query)) return 1;
  const words = face.keywords.map((word) => word.toLowerCase());
  if (words.some((word) => word === query)) return 2;
  if (name.includes(query)) return 3;
  if (words.some((word) => word.startsWith(query))) return 4;
  if (words.some((word) => word.includes(query))) return 5;
  if (face.help.toLowerCase().includes(query)) return 6;
  return null;
}

export function find(faces: LayerFace[], text: string): LayerFace[] {
  const query = text.trim().toLowerCase();
  if (!query) return faces;
  const found = faces.flatMap((face) => {
    const rank = score(face, query);
    return rank === null ? [] : [{ face, rank }];
  });
  return found.sort((a, b) => a.rank - b.rank || a.face.name.length - b.face.name.length).map(({ face }) => face);
}
