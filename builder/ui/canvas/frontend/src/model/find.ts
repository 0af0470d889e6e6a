import type { LayerFace } from "./types";

/** How well a layer answers a search, smaller is better; null where it does not. */
export function score(face: LayerFace, query: string): number | null {
  const name = face.name.toLowerCase();
  if (name === query) return 0;
  if (name.startsWith(query)) return 1;
  if (name.includes(query)) return 2;
  const words = face.keywords.map((word) => word.toLowerCase());
  if (words.some((word) => word === query)) return 3;
  if (words.some((word) => word.startsWith(query))) return 4;
  if (words.some((word) => word.includes(query))) return 5;
  if (face.help.toLowerCase().includes(query)) return 6;
  return several(face, query.split(/\s+/));
}

/** "dropout 2d" is Dropout2d; else each word has to be answered by itself. */
function several(face: LayerFace, words: string[]): number | null {
  if (words.length < 2) return null;
  if (face.name.toLowerCase().startsWith(words.join(""))) return 1;
  const ranks = words.map((word) => score(face, word));
  return ranks.some((rank) => rank === null) ? null : 7 + Math.max(...ranks.map(Number));
}

const COMMON = new Set([
  "Conv1d", "Conv2d", "Linear", "ReLU", "GELU", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "Dropout", "Flatten",
  "MaxPool2d", "AdaptiveAvgPool2d", "Embedding", "LSTM", "Add", "Concat", "Input", "Output", "Sigmoid", "Softmax",
]);

/** Whether a layer is made for other samples than come in: Conv2d is for pictures, which have three axes. */
function misfits(face: LayerFace, axes: number): number {
  const made = /([123])d$/.exec(face.name)?.[1];
  return made && axes > 1 && Number(made) !== axes - 1 ? 1 : 0;
}

/** The layers that answer a search, best first; of those that answer as well, such as are made for samples of so many
 *  axes (0: not known). */
export function find(faces: LayerFace[], text: string, axes = 0): LayerFace[] {
  const query = text.trim().toLowerCase();
  if (!query) return faces;
  const found = faces.flatMap((face) => {
    const rank = score(face, query);
    return rank === null ? [] : [{ face, rank }];
  });
  const usual = (face: LayerFace) => (COMMON.has(face.name) ? 0 : 1);
  return found.sort((a, b) => a.rank - b.rank || misfits(a.face, axes) - misfits(b.face, axes) || usual(a.face) - usual(b.face) || a.face.name.length - b.face.name.length).map(({ face }) => face);
}
