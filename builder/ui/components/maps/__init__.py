"""Method cards: the map over the picture, words, series or bars.

The evidence, the verdict, the checks.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from builder.data.runtime import naming
from builder.explain import Channel, Explanation, RowExplanation, Trust, method
from builder.explain import picture as picture_of
from builder.ui import figures, rows, tokens
from builder.ui.components import plain


def card(key: str, found: Explanation, name: str, picture: Any = None, note: str = "") -> None:
    """Draw the card of an explanation's first row; its files are called `name`.

    `picture` [H, W] from 0 to 1 lies below an image's map.
    """
    row = found.rows[0]
    data: dict[str, Any] = {
        "name": name,
        "method": found.method,
        "title": found.title,
        "settings": found.settings,
        "note": note or (found.limits[0] if found.limits else ""),
        "theme": tokens.theme(),
        "signed": method(found.method).signed,
        "smooth": found.method in ("occlusion", "grad_cam"),
        **_body(found, picture),
    }
    if row.trust is not None:
        data["trust"] = row.trust.to_dict()
        if row.trust.evidence is not None:
            data["evidence"] = _evidence(found)
            data["probability"] = bool(found.classes)
    plain.mount("maps")(key=key, data=data)


def verdict(key: str, trust: Trust, note: str) -> None:
    """Draw the verdict and its checks alone, below a waterfall."""
    plain.mount("maps")(key=key, data={"kind": "trust", "trust": trust.to_dict(), "note": note})


def channels(key: str, name: str, shown: Sequence[Channel]) -> None:
    """Draw channels of a layer, each with its part; their files are called `name`."""
    items = []
    csv = figures.table(
        ["channel", "part"], [[channel.index, channel.part] for channel in shown]
    ).decode()
    for channel in shown:
        values = np.atleast_2d(channel.values)
        if values.shape[0] == 1:
            values = np.repeat(values, 12, axis=0)
        low, high = min(0.0, float(values.min())), float(values.max())
        scaled = ((values - low) / ((high - low) or 1) * 255).astype(np.uint8)
        items.append(
            {
                "name": f"ch {channel.index}",
                "shown": signed(channel.part),
                "w": int(values.shape[1]),
                "h": int(values.shape[0]),
                "values": base64.b64encode(scaled.tobytes()).decode(),
            }
        )
    plain.mount("maps")(
        key=key, data={"kind": "channels", "name": name, "channels": items, "csv": csv}
    )


def signed(value: float) -> str:
    """A part with its sign: +1.79, −0.04."""
    text = figures.number(abs(value), 3 if abs(value) < 0.1 else 2)
    return f"{'−' if value < 0 else '+'}{text}"


def _body(found: Explanation, picture: Any) -> dict[str, Any]:
    row, csv = found.rows[0], picture_of.table(found)
    signs = method(found.method).signed
    for part in row.attributions.values():
        if part.ndim == 3:
            return {**_map(part if signs else np.abs(part), picture), "csv": csv}
    series = next((part for part in row.attributions.values() if part.ndim == 2), None)
    if series is not None:
        lines = np.asarray(picture) if picture is not None else np.zeros_like(series)
        step = max(1, series.shape[1] // 256)
        return {
            "series": {
                "lines": np.round(lines[:3, ::step], 4).tolist(),
                "parts": [[float(f"{v:.4g}") for v in line[::step]] for line in series[:3]],
            },
            "csv": csv,
        }
    if _is_words(row):
        return {
            "words": [{"text": one.name, "part": one.attribution} for one in row.columns],
            "csv": csv,
        }
    ordered = sorted(row.columns, key=lambda one: -abs(one.attribution))[:40]
    scale = 100 if found.scale == "probability" else 1
    headless = naming.numbered(one.name for one in row.columns)
    bars = [
        {
            "name": naming.called(one.name, headless),
            "value": rows.show(one.value),
            "part": one.attribution,
            "shown": signed(one.attribution * scale)
            if signs
            else figures.number(abs(one.attribution * scale)),
        }
        for one in ordered
    ]
    return {"bars": bars, "csv": csv}


def _is_words(row: RowExplanation) -> bool:
    """Whether the columns are the words of a text."""
    words = tuple(one.name for one in row.columns)
    return words in row.features.values() and all(one.value == one.name for one in row.columns)


def _map(part: Any, picture: Any) -> dict[str, Any]:
    flat = part.sum(0)
    most = float(np.percentile(np.abs(flat), 99.5)) or float(np.abs(flat).max()) or 1.0
    packed = np.clip(flat / most * 127, -127, 127).round().astype(np.int8)
    data: dict[str, Any] = {
        "map": {
            "h": int(flat.shape[0]),
            "w": int(flat.shape[1]),
            "values": base64.b64encode(packed.tobytes()).decode(),
            "most": most,
        }
    }
    if picture is not None:
        grey = (np.clip(np.asarray(picture), 0, 1) * 255).round().astype(np.uint8)
        data["picture"] = base64.b64encode(grey.tobytes()).decode()
    return data


def _evidence(found: Explanation) -> dict[str, Any]:
    row = found.rows[0]
    trust = row.trust
    if trust is None or trust.evidence is None:
        raise ValueError("no evidence was measured")
    matters = next((check for check in trust.checks if check.name == "matters"), None)
    headless = naming.numbered([*(one.name for one in row.columns), row.target])
    word = matters.title.removeprefix("Marked ").removesuffix(" matter") if matters else "parts"
    return {
        "share": trust.evidence.share.round(4).tolist(),
        "marked": trust.evidence.marked.round(5).tolist(),
        "random": trust.evidence.random.round(5).tolist(),
        "label": f"P({row.target})" if found.classes else naming.called(row.target, headless),
        "shown": _watched(float(trust.evidence.marked[0]), bool(found.classes)),
        "word": word,
    }


def _watched(value: float, share: bool) -> str:
    return f"{value * 100:.0f} %" if share else figures.number(value)
