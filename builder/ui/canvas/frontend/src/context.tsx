// What all parts of the editor share, made once per change of the document.

import { createContext, useContext } from "react";

import type { Result, Where } from "./model/actions";
import type { Scene, View } from "./model/scene";
import type { Session } from "./model/session";
import type { Catalogue, Check, Edit, Fix, Info, Issue, LayerFace, Wants } from "./model/types";
import type { Ui, UiState } from "./model/ui";
import type { HttpWire } from "./model/wire";

export interface Editor {
  session: Session;
  ui: Ui;
  state: UiState;
  wire: HttpWire;
  catalogue: Catalogue;
  view: View;
  scene: Scene;
  check: Check;
  /** Names of the path from the model to the open graph. */
  prefix: string;
  rootGraph: string;
  /** The path of module instances from the root to the open graph; "" for the root itself. */
  inside: string;
  wants: Wants;
  /** What the recipe's `freeze` and `rates` name. */
  patterns: string[];
  /** Errors of all graphs of the project, each with the graph that it is in. */
  faults: { graph: string; issue: Issue }[];
  faceOf: (layer: string) => LayerFace | undefined;
  info: (key: string) => Info | undefined;
  issue: (key: string) => Issue | undefined;
  errors: Issue[];
  apply: (edit: Edit | null) => void;
  take: (result: Result) => void;
  add: (face: LayerFace, where?: Where) => void;
  repair: (issue: Issue, fix: Fix) => void;
  reveal: (node: string) => void;
  /** Turn to a graph, or to a module where it is used, and to a node in it. */
  open: (graph: string, node?: string) => void;
  go: (page: string) => void;
  mount: HTMLElement;
}

export const EditorContext = createContext<Editor | null>(null);

export function useEditor(): Editor {
  const editor = useContext(EditorContext);
  if (!editor) throw new Error("outside of the editor");
  return editor;
}
