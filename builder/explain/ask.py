"""Ask a subject: check that the method fits, complete its options, attribute, sum up, judge."""

import difflib
import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from builder import scan
from builder.errors import LaminaError
from builder.explain import baselines, trust
from builder.explain.base import Attribution, Method, Question, complete
from builder.explain.result import ColumnPart, Explanation, RowExplanation
from builder.explain.subject import Subject, rows_of
from builder.progress import Progress

ORDER = (
    "integrated_gradients",
    "occlusion",
    "grad_cam",
    "shap_values",
    "feature_ablation",
    "saliency",
    "deep_lift",
)


def methods() -> tuple[type[Method], ...]:
    """All methods, the most useful first."""
    package = importlib.import_module("builder.explain.methods")
    rank = {name: at for at, name in enumerate(ORDER)}
    found = scan.classes(package, Method)  # type: ignore[type-abstract]
    return tuple(sorted(found, key=lambda method: rank.get(method.name, len(rank))))


def method(name: str) -> type[Method]:
    """The method of that name. Raises LaminaError for an unknown one."""
    known = {one.name: one for one in methods()}
    if name in known:
        return known[name]
    plain = {key.replace("_", ""): key for key in known}
    asked = name.lower().replace("_", "").replace("-", "").replace(" ", "")
    near = [key for short, key in plain.items() if asked and short.startswith(asked)]
    near = near or [plain[key] for key in difflib.get_close_matches(asked, plain, n=1)]
    every = f"The methods are {', '.join(known)}."
    raise LaminaError(
        f"There is no method {name!r}.",
        place="method",
        remedy=f"Did you mean '{near[0]}'? {every}" if near else every,
    )


def unfit(subject: Subject) -> dict[str, str | None]:
    """Per method, why it does not fit the subject; None where it does."""
    return {one.name: one.unfit(subject) for one in methods()}


def ask(
    subject: Subject,
    name: str,
    inputs: dict[str, Tensor],
    *,
    target: int | str | None = None,
    layer: str | None = None,
    options: Mapping[str, Any] | None = None,
    check: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
    records: Sequence[Mapping[str, Any]] | None = None,
    rows: Sequence[int | None] | None = None,
    truths: Sequence[str | float | None] | None = None,
    words: Sequence[Sequence[str]] | None = None,
) -> Explanation:
    """Explain rows of inputs in the model's form [B, …].

    `target` is a class (name or code; None: each row's prediction), `options` the method's own and
    "baseline". With `check` each row's map is judged. Raises LaminaError for what does not fit.
    """
    began = time.perf_counter()
    chosen = method(name)
    reason = chosen.unfit(subject)
    if reason is not None:
        raise LaminaError(reason, place=f"method {name}", remedy=_fitting(subject))
    takes(chosen, options, check)
    given = settled(subject, name, options)
    baseline = baselines.make(subject, given.pop("baseline"), inputs, seed)
    scale = chosen.scale or subject.default_scale()
    question = Question(
        subject=subject,
        inputs=inputs,
        target=targets(subject, target, inputs),
        baseline=baseline,
        scale=scale if subject.classifies else "value",
        options=given,
        layer=layer,
        seed=seed,
        progress=progress,
    )
    with subject.lock:
        answer, explained = _answered(chosen, question, check, records, rows, truths, words)
    return Explanation(
        method=name,
        title=chosen.title,
        scale=question.scale,
        rows=explained,
        limits=(*(chosen.limits_of_images if "image" in subject.forms else ()), *chosen.limits),
        notes=_notes(question, chosen),
        settings=answer.settings,
        layer=layer,
        classes=subject.classes,
        seconds=time.perf_counter() - began,
        options={**question.options, "baseline": baseline.choice.name},
    )


def _answered(
    chosen: type[Method],
    question: Question,
    check: bool,
    records: Sequence[Mapping[str, Any]] | None,
    rows: Sequence[int | None] | None,
    truths: Sequence[str | float | None] | None,
    words: Sequence[Sequence[str]] | None,
) -> tuple[Attribution, list[RowExplanation]]:
    """The method's answer, and every row of it in words, judged where that is asked for."""
    answer = chosen().attribute(question)
    facts = _facts(question, answer, chosen)
    explained = []
    for row in range(question.rows):
        one = _row(question, answer, facts, row, records, words)
        one["baseline"] = chosen.against or (one["baseline"] if chosen.compares else "none")
        one["row"] = rows[row] if rows else None
        one["truth"] = truths[row] if truths else None
        judged = None
        if check:
            alone = _only(question, row)
            if question.rows > 1:
                alone = replace(alone, progress=_steady(question, row))
            judged = trust.assess(
                chosen(), alone, _only_answer(answer, row), one["completeness_error"]
            )
        explained.append(RowExplanation(**one, trust=judged))
    return answer, explained


def takes(chosen: type[Method], options: Mapping[str, Any] | None, check: bool) -> None:
    """Raises LaminaError for a baseline that changes nothing.

    A method that compares with none still has one in its check, where parts are removed.
    """
    if (options or {}).get("baseline") and not chosen.compares and not check:
        raise LaminaError(
            f"{chosen.title} compares with {chosen.against or 'no baseline'}.",
            place="options.baseline",
            remedy="Leave the baseline out; or ask for the check, which puts it where parts are "
            "removed.",
        )


def settled(subject: Subject, name: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The method's options and "baseline", none left open. Raises LaminaError for unfit ones."""
    given = dict(options or {})
    baseline = given.pop("baseline", None) or baselines.choices(subject)[0].name
    return {**complete(method(name), given), "baseline": baseline}


def _fitting(subject: Subject) -> str:
    names = [name for name, reason in unfit(subject).items() if reason is None]
    return f"These fit: {', '.join(names)}." if names else ""


def targets(subject: Subject, target: int | str | None, inputs: dict[str, Tensor]) -> Tensor | None:
    """The class explained of each row [B]: its prediction, or the one named; None for numbers."""
    if not subject.classifies:
        return None
    if target is None:
        return subject.prediction(inputs)
    names = list(subject.classes)
    if isinstance(target, str) and target in names:
        code = names.index(target)
    elif isinstance(target, int) and 0 <= target < len(names):
        code = target
    else:
        raise LaminaError(
            f"There is no class {target!r}.",
            place="target",
            remedy=f"Use one of: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}.",
        )
    return torch.full((len(inputs[subject.names[0]]),), code)


def _facts(question: Question, answer: Attribution, chosen: type[Method]) -> dict[str, Any]:
    """What is the same computation for all rows.

    Scores, probabilities, predictions, what the parts miss.
    """
    subject = question.subject
    raw = subject.raw(question.inputs)
    score = subject.score(raw, question.target, question.scale).double()
    facts: dict[str, Any] = {"score": score, "base": answer.base, "missed": None}
    facts["probabilities"] = raw.softmax(1).double() if subject.classifies else None
    facts["prediction"] = subject.prediction(question.inputs)
    if chosen.additive and answer.base is not None:
        total = torch.zeros(question.rows, dtype=torch.float64)
        for part in answer.parts.values():
            total += part.double().flatten(1).sum(1)
        if answer.columns is not None:
            total = answer.columns.double().sum(1)
        gap = score - answer.base.double()
        facts["missed"] = (total - gap).abs() / gap.abs().clamp_min(1e-6)
    return facts


def _row(
    question: Question,
    answer: Attribution,
    facts: dict[str, Any],
    row: int,
    records: Sequence[Mapping[str, Any]] | None,
    words: Sequence[Sequence[str]] | None,
) -> dict[str, Any]:
    subject = question.subject
    code = None if question.target is None else int(question.target[row])
    record = dict(records[row]) if records else {}
    tokens = tuple(words[row]) if words else ()
    parts = {name: part[row].numpy() for name, part in answer.parts.items()}
    predicted = facts["prediction"][row]
    missed, base = facts["missed"], facts["base"]
    return {
        "attributions": parts,
        "features": {
            name: tokens if subject.inputs[name].form == "tokens" else subject.inputs[name].features
            for name in subject.names
        },
        "values": record,
        "columns": _columns(subject, answer, parts, row, record, tokens),
        "baseline": question.baseline.choice.title,
        "prediction": subject.classes[int(predicted)] if subject.classifies else float(predicted),
        "probabilities": tuple(facts["probabilities"][row].tolist()) if subject.classifies else (),
        "target": subject.classes[code] if code is not None else subject.target.name,
        "target_code": code,
        "score": float(facts["score"][row]),
        "base_value": None if base is None else float(base[row]),
        "completeness_error": None if missed is None else float(missed[row]),
    }


def _columns(
    subject: Subject,
    answer: Attribution,
    parts: dict[str, Any],
    row: int,
    record: Mapping[str, Any],
    tokens: tuple[str, ...],
) -> tuple[ColumnPart, ...]:
    """Raw columns with the sums of their features, and the words of a text with their parts."""
    found = []
    for at, (column, places) in enumerate(subject.groups().items()):
        if answer.columns is not None:
            value = float(answer.columns[row, at])
        else:
            value = sum(float(np.sum(parts[name][where])) for name, where in places.items())
        found.append(ColumnPart(column, record.get(column), value))
    for name in subject.names:
        if subject.inputs[name].form == "tokens":
            found.extend(
                ColumnPart(word, word, float(part)) for word, part in zip(tokens, parts[name])
            )
    return tuple(found)


def _steady(question: Question, row: int) -> Progress:
    """Whatever is done for a row's check counts as that row."""

    def progress(_what: str, _done: int, _total: int) -> None:
        if question.progress is not None:
            question.progress("Checking the maps", row, question.rows)

    return progress


def _only(question: Question, row: int) -> Question:
    at = slice(row, row + 1)
    baseline = baselines.Baseline(
        question.baseline.choice, tuple(rows_of(draw, at) for draw in question.baseline.draws)
    )
    target = None if question.target is None else question.target[at]
    return replace(
        question,
        inputs=rows_of(question.inputs, at),
        target=target,
        baseline=baseline,
    )


def _only_answer(answer: Attribution, row: int) -> Attribution:
    at = slice(row, row + 1)
    return Attribution(
        {name: part[at] for name, part in answer.parts.items()},
        None if answer.base is None else answer.base[at],
        answer.settings,
        None if answer.columns is None else answer.columns[at],
    )


def _notes(question: Question, chosen: type[Method]) -> tuple[str, ...]:
    """What is explained, and against what, in words."""
    subject = question.subject
    if question.scale == "value":
        what = f"Parts are in the unit of {subject.called(subject.target.name)}."
    elif question.scale == "probability":
        what = "Parts are shares of probability."
    elif len(subject.classes) == 2:
        what = "Parts are log-odds: the class's score minus the other's."
    else:
        what = "Parts are of the class's score before softmax."
    if not chosen.compares and not chosen.against:
        return what, "Compared with nothing."
    return what, f"Compared with {chosen.against or question.baseline.choice.title}."
