"""A run's events in words: a line for the steering log, a short mark for the curves."""

from typing import Any

ORDERS = {
    "pause": "pause",
    "resume": "go on",
    "stop": "stop",
    "stop_after_epoch": "stop after the epoch",
}


def event_row(event: dict[str, Any]) -> dict[str, Any] | None:
    """The row that the browser shows: kind, time, step, text, perhaps a mark.

    None for what nobody need see.
    """
    kind = str(event.get("kind", ""))
    text, mark = _order(event) if kind == "order" else (_happened(kind, event), "")
    if not text:
        return None
    row = {"kind": kind, "time": event.get("time", 0.0), "step": event.get("step", 0), "text": text}
    return {**row, "mark": mark} if mark else row


def _order(event: dict[str, Any]) -> tuple[str, str]:
    order = event.get("order") or {}
    kind = str(order.get("order", ""))
    who = str(event.get("who") or "You")
    message = str(event.get("message") or "")
    if not event.get("accepted"):
        return f"Refused: {ORDERS.get(kind, kind)}. {message}", ""
    if kind == "set" and "lr" not in order:
        return f"{who} steered: {message}", message
    if kind == "set":
        rate = f"{float(order['lr']):g}".replace("e-0", "e−").replace("e-", "e−")
        return f"{who} set the learning rate to {rate}", f"learning rate {rate}"
    return f"{who} asked to {ORDERS.get(kind, kind)}", ""


def _happened(kind: str, event: dict[str, Any]) -> str:
    message = str(event.get("message") or "")
    if kind == "started":
        return "Started"
    if kind == "resumed":
        return f"Resumed at step {int(event.get('step', 0)):,}"
    if kind == "worker_lost":
        return message
    return f"{kind.replace('_', ' ').capitalize()}: {message}" if message else kind.capitalize()


def symptom_row(symptom: dict[str, Any]) -> dict[str, Any]:
    """A symptom in the steering log, when it appeared and when it was over."""
    over = "Over: " if symptom.get("state") == "gone" else "Doctor: "
    return {
        "kind": "symptom",
        "time": symptom.get("time", 0.0),
        "step": symptom.get("step", 0),
        "text": f"{over}{symptom['title']}",
    }
