const typed = new Set(["text", "search", "number", "email", "url", "password", "tel", ""]);
const typing = (event) => event.composedPath().some((one) =>
  one.isContentEditable || one.tagName === "TEXTAREA" || one.tagName === "SELECT" ||
  (one.tagName === "INPUT" && typed.has((one.getAttribute("type") || "").toLowerCase())));

if (!window.laminaUndo) {
  window.laminaUndo = true;
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || typing(event)) return;
    const key = event.key.toLowerCase();
    const wish = key === "z" ? (event.shiftKey ? "redo" : "undo") : key === "y" ? "redo" : "";
    if (!wish || document.querySelector('[data-testid="stDialog"]')) return;
    const button = document.querySelector(`.st-key-data_${wish} button:not(:disabled)`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
export default function () {}
