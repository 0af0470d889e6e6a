"""Explain rows of a run, or records that somebody typed, drew or uploaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from builder.errors import LaminaError
from builder.explain import store
from builder.explain.ask import ask, settled, takes, targets
from builder.explain.ask import method as named
from builder.explain.result import Explanation
from builder.explain.subject import Subject
from builder.progress import Progress

if TYPE_CHECKING:
    from builder.data import Prepared
    from builder.runs import Run

BACKGROUND = 512
"""Training rows that a subject is compared with, drawn once."""


@dataclass(frozen=True)
class Asked:
    """A run made ready to be asked.

    Its subject, its prepared data and how raw records become inputs.
    """

    run_id: str
    checkpoint: str
    subject: Subject
    prepared: "Prepared"
    preparation: Any
    mark: str = ""  # names the checkpoint's content

    def rows(self, split: str, rows: Sequence[int]) -> dict[str, Tensor]:
        """Rows of a split in the model's form. Raises LaminaError for a row that is not there."""
        size = self.prepared.spec.sizes.get(split, 0)
        for row in rows:
            if not 0 <= row < size:
                raise LaminaError(
                    f"The {split} split has no row {row}; it has {size}.",
                    place="rows",
                    remedy="Count rows from 0." if size else "Choose another split.",
                )
        tensors = self.prepared.tensors(split)
        at = torch.tensor(list(rows))
        return {
            name: self.preparation.to_model(name, tensors[name][at]) for name in self.subject.names
        }

    def records(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Raw records in the model's form. Raises LaminaError for what cannot be read."""
        try:
            stored = self.preparation.transform(list(records))
        except (ValueError, KeyError, TypeError) as error:
            raise LaminaError(
                str(error), place="record", remedy="Give every column a value of its kind."
            ) from error
        return {name: self.preparation.to_model(name, stored[name]) for name in self.subject.names}

    def truth(self, split: str, row: int) -> str | float | None:
        """The row's target as a person knows it."""
        target = self.prepared.tensors(split).get("target")
        if target is None:
            return None
        value = target[row].item()
        classes = self.subject.classes
        return classes[int(value)] if classes else float(value)

    def words(
        self, inputs: Mapping[str, Tensor], records: Sequence[Mapping[str, Any]]
    ) -> list[tuple[str, ...]] | None:
        """The tokens of each row as they stand in its text; None where no input is a text."""
        from builder.data.runtime.tokens import Tokens

        for name in self.subject.names:
            if self.subject.inputs[name].form != "tokens":
                continue
            tokens = Tokens(self.prepared.preparation["inputs"][name])
            found = []
            for codes, record in zip(inputs[name].tolist(), records):
                kept = [code for code in codes if code]
                text = record.get(tokens.column)
                pieces = tokens.pieces(text) if isinstance(text, str) else []
                original = [piece.text for piece in pieces][: len(kept)]
                whole = len(original) == len(kept)
                found.append(tuple(original if whole else map(tokens.name, kept)))
            return found
        return None


def open_subject(run_id: str, checkpoint: str = "best") -> Asked:
    """The run's checkpoint, ready to be asked; kept for the next question.

    Raises LaminaError for a run or checkpoint that is not there, and for models that explanations
    do not cover.
    """
    from builder import evaluate, runs

    run = runs.open_run(run_id)
    mark, _ = evaluate.stamp(run, checkpoint)
    return _open(run_id, checkpoint, mark)


@lru_cache(maxsize=4)
def _open(run_id: str, checkpoint: str, mark: str) -> Asked:
    from builder import runs

    # the mark is part of the key, since "best" moves on while a run goes on
    return replace(asked(runs.open_run(run_id), checkpoint), mark=mark)


def asked(run: "Run", checkpoint: str = "best") -> Asked:
    """As `open_subject`, for an opened run, without keeping it."""
    from builder.compile import inputs_of
    from builder.data.runtime import Preparation

    spec = run.spec
    if "rows" not in run.task().views:
        raise LaminaError(
            "This run makes something in place of predicting rows, so there is no prediction to "
            "explain.",
            place=run.id,
            remedy="Train a classification or a regression; `lamina sample` shows what it makes.",
        )
    if spec.target is None:
        raise LaminaError(
            "This run predicts no column, so there is no prediction to explain.",
            place=run.id,
            remedy="Train a classification or a regression.",
        )
    prepared = run.prepared()
    preparation = Preparation.from_dict(prepared.preparation)
    model = run.model(checkpoint)
    names = inputs_of(model)
    tensors = prepared.tensors("train")
    rows = len(tensors[names[0]])
    drawn = np.sort(np.random.default_rng(0).permutation(rows)[:BACKGROUND])
    at = torch.from_numpy(drawn)
    background = {name: preparation.to_model(name, tensors[name][at]) for name in names}
    subject = Subject.of(model, spec.inputs, spec.target, background, names)
    return Asked(run.id, checkpoint, subject, prepared, preparation)


def explain(
    run_id: str,
    method: str,
    *,
    split: str = "test",
    rows: Sequence[int] = (0,),
    records: Sequence[Mapping[str, Any]] | None = None,
    target: int | str | None = None,
    layer: str | None = None,
    checkpoint: str = "best",
    options: Mapping[str, Any] | None = None,
    check: bool = False,
    progress: Progress | None = None,
) -> Explanation:
    """Explain rows of a split, or raw records in their place, with one method.

    `target` is the class explained (name or code; None: what is predicted). With `check` each map
    gets a verdict. The answer is kept in the run's folder and found there the next time. Raises
    LaminaError for what is not there or does not fit.
    """
    takes(named(method), options, check)
    one = open_subject(run_id, checkpoint)
    if records is None:
        inputs = one.rows(split, rows)
        raw: list[Mapping[str, Any]] = [one.prepared.record(split, row) for row in rows]
        truths = [one.truth(split, row) for row in rows]
        numbers: list[int | None] = list(rows)
        about: Any = [split, list(rows)]
    else:
        inputs, raw = one.records(records), list(records)
        truths, numbers = [None] * len(raw), [None] * len(raw)
        about = raw
    folder, name = _place(one, method, inputs, about, target, layer, options, check)
    found = store.read(folder, name, raw)
    if found is not None:
        return found
    found = ask(
        one.subject,
        method,
        inputs,
        target=target,
        layer=layer,
        options=options,
        check=check,
        progress=progress,
        records=raw,
        rows=numbers,
        truths=truths,
        words=one.words(inputs, raw),
    )
    store.write(folder, name, found)
    return found


def _place(
    one: Asked,
    method: str,
    inputs: dict[str, Tensor],
    about: Any,
    target: int | str | None,
    layer: str | None,
    options: Mapping[str, Any] | None,
    check: bool,
) -> tuple[Path, str]:
    """The run's folder, and the name of this question's answer in it.

    What is left to the defaults has the same name as the same thing said.
    """
    from builder import runs

    codes = targets(one.subject, target, inputs)
    question = {
        "about": about,
        "method": method,
        "options": settled(one.subject, method, options),
        "checkpoint": one.mark,
        "targets": None if codes is None else codes.tolist(),
        "layer": layer,
        "check": check,
    }
    return runs.open_run(one.run_id).folder, store.name_of(question)
