"""From raw records to predictions: the same code in the app and in an exported folder."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from builder.data.runtime import Preparation, ground, naming
from builder.data.runtime.tables import to_text

BATCH = 256
Row = dict[str, Any]


class Predictor:
    """A trained network with its preparation and the facts that turn outputs into words.

    `facts`: "inputs" (in the order of the network's arguments), "output" (the Output node), "task"
    ("classification" or "regression"), "target", "classes", "mean" and "std" of a numeric target.
    """

    def __init__(
        self, model: nn.Module, preparation: Preparation, facts: Mapping[str, Any]
    ) -> None:
        self.model = model.eval()
        self.preparation = preparation
        self.facts = dict(facts)
        self.headless = naming.headless(preparation.settings)

    def predict(
        self,
        records: Sequence[Mapping[str, Any]],
        told: Callable[[int, int], None] | None = None,
    ) -> list[Row]:
        """Per record {"prediction": class, "probabilities": {class: p}}, or the number alone.

        `told` hears how many of how many are done, and may raise to stop. Raises ValueError
        naming the record and the column where a record cannot be read.
        """
        rows: list[Row] = []
        for start in range(0, len(records), BATCH):
            if told is not None:
                told(start, len(records))
            try:
                stored = self.preparation.transform(records[start : start + BATCH])
            except ValueError as error:
                words = naming.told_column(str(error), self.headless)
                raise ValueError(_placed(words, records, start)) from error
            rows.extend(self._rows(self.outputs(stored)))
        return rows

    def notes(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """What was predicted all the same, though it may not be meant so, in sentences.

        Files not written as the training file was, short lines, categories that training never
        saw, and images that are dark on light where training's are light on dark; the first of each
        with its place.
        """
        found = [said for record in records if (said := getattr(record, "said", ""))]
        lines = [getattr(record, "short", "") for record in records]
        short = [at for at, words in enumerate(lines) if words]
        if short:
            found.append(
                f"{_place(records, short[0])}: {lines[short[0]]}; the rest counts as "
                f"missing{_more(short)}."
            )
        for part in self.preparation.settings["inputs"].values():
            if part["form"] == "image":
                found += _turned(part, records)
            for column in part.get("columns", ()):
                if column["kind"] != "category":
                    continue
                known, name = set(column["values"]), column["name"]
                shown = naming.called(name, self.headless)
                words = [to_text(record.get(name)) for record in records]
                unseen = [
                    at for at, word in enumerate(words) if word is not None and word not in known
                ]
                if unseen:
                    found.append(
                        f"{_place(records, unseen[0])}: {shown} is {words[unseen[0]]!r}, which "
                        "training never or hardly ever saw; it counts as none of the known "
                        f"values{_more(unseen)}."
                    )
        return list(dict.fromkeys(found))

    def outputs(self, stored: Mapping[str, Tensor]) -> Tensor:
        """What the network says of stored tensors, one per input: logits [B, K] or [B, 1]."""
        with torch.inference_mode():
            given = [self.preparation.to_model(name, stored[name]) for name in self.facts["inputs"]]
            answer = self.model(*given)
        if isinstance(answer, dict):
            answer = answer[self.facts.get("output") or next(iter(answer))]
        return answer.float()  # type: ignore[no-any-return]

    def _rows(self, outputs: Tensor) -> Iterator[Row]:
        if self.facts["task"] == "regression":
            values = outputs.reshape(len(outputs), -1)[:, 0].double()
            for value in (values * self.facts["std"] + self.facts["mean"]).tolist():
                yield {"prediction": value}
            return
        classes = self.facts["classes"]
        for shares in outputs.softmax(dim=1).tolist():
            best = max(range(len(classes)), key=shares.__getitem__)
            yield {"prediction": classes[best], "probabilities": dict(zip(classes, shares))}


def _turned(part: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> list[str]:
    values = [record.get(part["column"]) for record in records]
    rows = ground.any_turned(part, values)
    if not rows:
        return []
    first = values[rows[0]]
    place = first.name if isinstance(first, Path) else _place(records, rows[0])
    said = f"{place} {ground.told(part)}{_more(rows)}"
    return [f"{said}. Invert it unless that is meant."]


def _place(records: Sequence[Mapping[str, Any]], at: int) -> str:
    return str(getattr(records[at], "place", "") or f"row {at + 1}")


def _more(rows: Sequence[int]) -> str:
    count = len(rows) - 1
    return f" (and so in {count:,} more row{'s' if count > 1 else ''})" if count else ""


def _placed(message: str, records: Sequence[Mapping[str, Any]], start: int) -> str:
    """The message with its record counted from the beginning of all, or its file's name instead."""

    def place(found: "re.Match[str]") -> str:
        row = int(found[2]) + start
        stands: str = getattr(records[row - 1], "place", "") if row <= len(records) else ""
        if stands:
            return stands
        values = records[row - 1].values() if row <= len(records) else ()
        files = [value.name for value in values if isinstance(value, Path)]
        return files[0] if files else f"{found[1]} {row}"

    return re.sub(r"\b(record|Record) (\d+)", place, message, count=1)
