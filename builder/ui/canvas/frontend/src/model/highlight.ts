// A light highlighter for the Python that Lamina writes: keywords, numbers, strings, comments, defined names.

export interface Token {
  kind: "" | "k" | "nmb" | "str" | "cmt" | "fn" | "cls";
  text: string;
}

const PATTERN = new RegExp(
  [
    "(?<cmt>#.*$)",
    "(?<str>[rf]?\"\"\".*?(?:\"\"\"|$)|[rf]?\"(?:[^\"\\\\]|\\\\.)*\"|[rf]?'(?:[^'\\\\]|\\\\.)*')",
    "(?<k>\\b(?:import|from|as|class|def|return|if|else|elif|for|while|in|not|and|or|is|None|True|False|with|lambda|raise|assert|pass)\\b)",
    "(?<nmb>\\b\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?\\b)",
  ].join("|"),
  "g",
);

export function highlight(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let previous = "";
  const plain = (text: string) => {
    if (!text) return;
    const named = /^(\s*)([A-Za-z_]\w*)(.*)$/s.exec(text);
    if ((previous === "def" || previous === "class") && named) {
      tokens.push({ kind: "", text: named[1]! }, { kind: previous === "def" ? "fn" : "cls", text: named[2]! }, { kind: "", text: named[3]! });
    } else tokens.push({ kind: "", text });
  };
  for (const match of line.matchAll(PATTERN)) {
    plain(line.slice(at, match.index));
    const kind = (Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? "") as Token["kind"];
    tokens.push({ kind, text: match[0] });
    previous = kind === "k" ? match[0] : "";
    at = match.index + match[0].length;
  }
  plain(line.slice(at));
  return tokens.filter((token) => token.text !== "");
}
