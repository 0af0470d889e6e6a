"""What a run may be told while it trains, declared once for the loop, the command line, the pages.

No torch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from builder import wording
from builder.errors import LaminaError
from builder.project import LARGEST_RATE

KINDS: Mapping[str, str] = {
    "pause": "Hold the run between two steps; its state is written down.",
    "resume": "Go on after a pause.",
    "stop": "End the run now; its last state is kept.",
    "stop_after_epoch": "End the run at the end of the epoch.",
    "checkpoint": "Keep the run's state of this step, to fork from.",
    "evaluate": "Compute the validation figures now.",
    "set": "Change a setting from the next step on.",
    "sample": "Make something now, with these settings from now on; what is learnt stays the same.",
}


@dataclass(frozen=True)
class Setting:
    """One thing that "set" changes: its name, the words for it, and what it takes.

    `optional`: null takes it off (no early stopping).
    """

    name: str
    title: str
    help: str
    kind: Literal["number", "count", "switch", "nodes"]
    low: float = 0.0
    high: float = math.inf
    above: bool = False  # `low` itself is out
    optional: bool = False


SETTINGS: Mapping[str, Setting] = {
    one.name: one
    for one in (
        Setting(
            "lr",
            "learning rate",
            "The schedule goes on in proportion.",
            "number",
            high=LARGEST_RATE,
            above=True,
        ),
        Setting(
            "weight_decay",
            "weight decay",
            "Pulls weights towards zero, from the next step on.",
            "number",
            high=10.0,
        ),
        Setting("batch_size", "batch size", "From the next epoch on.", "count", 1, 10_000_000),
        Setting("augment", "augmentation", "Random changes of training rows, on or off.", "switch"),
        Setting(
            "freeze",
            "frozen nodes",
            "Nodes whose weights stay as they are, and their normalisations' figures.",
            "nodes",
        ),
        Setting(
            "patience",
            "patience",
            "Epochs without improvement until the run ends early; empty: never.",
            "count",
            1,
            1_000_000,
            optional=True,
        ),
    )
}
LASTING = ("set", "stop_after_epoch", "sample")
"""Orders that change what comes after them, so that a replay must apply them."""
ENVELOPE = ("order", "id", "time", "who", "because", "replayed")
LONGEST_REASON = 200
MOST_SETTINGS, LONGEST_SETTING = 20, 10_000


def reason(order: Mapping[str, Any]) -> str:
    """Why it was given, in words; empty where nobody said."""
    return str(order.get("because") or "")[:LONGEST_REASON]


def check(wish: Mapping[str, Any]) -> None:
    """Raise LaminaError, with the setting and what it takes, for what is no order."""
    kind = wish.get("order")
    place = f"order {kind!r}"
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join(KINDS)
        raise LaminaError(f"There is no order {kind!r}.", place="order", remedy=f"Known: {known}.")
    given = {key: value for key, value in wish.items() if key not in ENVELOPE}
    if kind == "sample":
        _check_sample({**given})
        return
    if kind != "set" and given:
        raise LaminaError(
            f"It takes no {sorted(given)[0]!r}.",
            place=place,
            remedy='Only "set" takes a value: {"order": "set", "lr": 0.001}.',
        )
    if kind == "set" and not given:
        raise LaminaError(
            "It lacks a setting, such as a learning rate above 0.",
            place=place,
            remedy=f"Known: {', '.join(SETTINGS)}.",
        )
    for name, value in given.items():
        if name not in SETTINGS:
            raise LaminaError(
                f"It takes no {name!r}.", place=place, remedy=f"Known are {', '.join(SETTINGS)}."
            )
        _check_value(SETTINGS[name], value)


def _check_sample(given: dict[str, Any]) -> None:
    """Settings of samples are plain values; which there are is the task's to say."""
    settings = given.pop("settings", {})
    plain = isinstance(settings, Mapping) and len(settings) <= MOST_SETTINGS
    for name, value in settings.items() if plain else ():
        plain &= isinstance(name, str) and isinstance(value, str | int | float)
        plain &= len(str(value)) <= LONGEST_SETTING and value not in (math.inf, -math.inf)
        plain &= value == value
    if given or not plain:
        raise LaminaError(
            f"It takes no {sorted(given)[0]!r}." if given else "Its settings are no plain values.",
            place="order 'sample'",
            remedy='Write {"order": "sample", "settings": {"temperature": 0.8}}.',
        )


def _check_value(setting: Setting, value: Any) -> None:
    place = f"order 'set', {setting.name}"
    if value is None and setting.optional:
        return
    if setting.kind == "switch":
        if not isinstance(value, bool):
            raise LaminaError(
                f"{value!r} is neither true nor false.", place=place, remedy="Write true or false."
            )
        return
    if setting.kind == "nodes":
        if not isinstance(value, list | tuple) or not all(
            isinstance(item, str) and 0 < len(item) <= 200 for item in value
        ):
            raise LaminaError(
                f"{value!r} is no list of node names.", place=place, remedy='Write ["conv1"].'
            )
        return
    whole = setting.kind == "count"
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    too_low = number and (value <= setting.low if setting.above else value < setting.low)
    if not number or too_low or value != value or value == math.inf:
        words = f"above {setting.low:g}" if setting.above else f"of at least {setting.low:g}"
        whole_words = "whole number" if whole else setting.title
        raise LaminaError(
            f"{value!r} is no {whole_words} {words}.",
            place=place,
            remedy=f"Give a {'whole number' if whole else 'number'} {words}.",
        )
    if value > setting.high:
        raise LaminaError(
            f"A {setting.title} of {wording.number(value)[:40]} is too high.",
            place=place,
            remedy=f"Give a number {words_of(setting)}.",
        )


def words_of(setting: Setting) -> str:
    """The range in words: "above 0, up to 100"."""
    high = wording.number(setting.high)
    return f"{'above' if setting.above else 'from'} {setting.low:g}, up to {high}"
