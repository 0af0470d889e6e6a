"""A run's events in words: a line for the steering log, a short mark for the curves."""

from collections.abc import Mapping
from typing import Any

from builder.train.orders import SETTINGS

ORDERS = {
    "pause": "pause",
    "resume": "go on",
    "stop": "stop",
    "stop_after_epoch": "stop after the epoch",
    "checkpoint": "keep the state",
    "evaluate": "evaluate",
    "sample": "make something",
}


def event_row(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row that the browser shows: kind, time, step, text, perhaps a mark for the curves.

    An order's row has its id, its state (waiting, applied, refused) and a note on it. None for what
    nobody need see.
    """
    kind = str(event.get("kind", ""))
    row = {"kind": kind, "time": event.get("time", 0.0), "step": event.get("step", 0)}
    if kind == "order":
        return {**row, **_order(event)}
    text = _happened(kind, event)
    return {**row, "text": text} if text else None


def waiting_row(order: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an order that no worker has taken up yet."""
    asked, _ = asks(order, str(order.get("who") or "You"))
    note = "ordered, not taken up yet"
    told = {"id": order.get("id", ""), "text": asked, "state": "waiting", "note": note}
    return {"kind": "order", "time": order.get("time", 0.0), "step": 0, **told}


def _order(event: Mapping[str, Any]) -> dict[str, Any]:
    order = event.get("order") or {}
    asked, mark = asks(order, str(event.get("who") or "You"))
    message = str(event.get("message") or "")
    told = {"id": order.get("id", ""), "text": asked}
    if not event.get("accepted"):
        return {**told, "state": "refused", "note": message}
    at = f"applied at step {int(event.get('step') or 0):,}"
    told = {**told, "state": "applied", "note": at}
    if order.get("order") == "checkpoint" and message:
        told["note"] = message
    return {**told, "mark": mark} if mark else told


def asks(order: Mapping[str, Any], who: str) -> tuple[str, str]:
    """What somebody asked for, and the mark of it on the curves."""
    kind = str(order.get("order", ""))
    if kind == "sample" and order.get("settings"):
        given = order["settings"].items()
        told = (f"{str(name).replace('_', ' ')} {str(value)[:40]}" for name, value in given)
        return f"{who} had something made with {', '.join(told)}", ""
    if kind != "set":
        return f"{who} asked to {ORDERS.get(kind, kind)}", ""
    given = {name: order[name] for name in SETTINGS if name in order}
    if not given:
        return f"{who} asked for a change", ""
    said = [f"{SETTINGS[name].title} to {worded(name, value)}" for name, value in given.items()]
    mark = ", ".join(f"{SETTINGS[name].title} {worded(name, v)}" for name, v in given.items())
    return f"{who} set the {' and '.join(said)}", mark


def worded(name: str, value: Any) -> str:
    """A setting's value as a person reads it."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if name == "lr" and isinstance(value, int | float):
        return f"{float(value):g}".replace("e-0", "e−").replace("e-", "e−")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _happened(kind: str, event: Mapping[str, Any]) -> str:
    message = str(event.get("message") or "")
    if kind == "started":
        return "Started"
    if kind == "resumed":
        return f"Resumed at step {int(event.get('step', 0)):,}"
    if kind in ("worker_lost", "prepared"):
        return message
    if kind == "evaluated":
        return _evaluated(event)
    if kind == "forked":
        return message
    return f"{kind.replace('_', ' ').capitalize()}: {message}" if message else kind.capitalize()


def _evaluated(event: Mapping[str, Any]) -> str:
    """The figures that were asked for in the middle of an epoch."""
    found = {
        name.removeprefix("validation_").replace("_", " "): value
        for name, value in (event.get("figures") or {}).items()
        if name.startswith("validation_") and isinstance(value, int | float)
    }
    figures = ", ".join(f"{name} {value:.3g}" for name, value in list(found.items())[:4])
    return f"Evaluated at step {int(event.get('step') or 0):,}: {figures}" if figures else ""


def symptom_row(symptom: Mapping[str, Any]) -> dict[str, Any]:
    """A symptom in the steering log, when it appeared and when it was over."""
    over = "Over: " if symptom.get("state") == "gone" else "Doctor: "
    return {
        "kind": "symptom",
        "time": symptom.get("time", 0.0),
        "step": symptom.get("step", 0),
        "text": f"{over}{symptom['title']}",
    }
