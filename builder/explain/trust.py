"""Whether a map can be trusted here: measured checks and the verdict that follows from them."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from builder.explain import baselines, twin
from builder.explain.base import Attribution, Method, Question
from builder.explain.result import Check, Evidence, Status, Trust
from builder.explain.subject import Subject

STEPS = 20
ORDERS = 16
ADDS_UP, ADDS_UP_ROUGHLY = 0.02, 0.10
LIKE_RANDOM = 0.3
DRAWS = 3
BETTER = 0.1
"""How much of the curve's range the marked order must gain on random ones, beyond their spread."""


def assess(method: Method, question: Question, answer: Attribution, missed: float | None) -> Trust:
    """Check the map of one row. `missed` is its completeness error."""
    if question.rows != 1:
        raise ValueError("one row at a time")
    units = Units.of(question, answer)
    checks = []
    if missed is not None:
        checks.append(_adds_up(missed))
    evidence = remove(question, units)
    checks.append(_matters(method, question, units, evidence))
    if answer.columns is not None:
        checks.extend(_table_checks(method, question, answer))
    else:
        checks.append(_weights(method, question, answer, units))
        if missed is None:
            checks.append(_repeats(method, question, units))
    checks.extend(_neutral(question))
    return Trust(tuple(checks), evidence)


class Units:
    """What can be removed from a row: pixels, words, moments or columns; each with its part.

    `where[name]` [places] says which unit a place of the input belongs to (−1: none); `parts` [U].
    """

    def __init__(self, where: dict[str, Tensor], parts: Tensor, word: str) -> None:
        self.where, self.parts, self.word = where, parts, word

    @property
    def count(self) -> int:
        """How many units there are."""
        return len(self.parts)

    @property
    def level(self) -> bool:
        """Whether all have the same part, so that their order is none."""
        low, high = self.parts.min(), self.parts.max()
        return self.count > 1 and bool(high - low <= 1e-4 * self.parts.abs().max())

    @classmethod
    def of(cls, question: Question, answer: Attribution) -> "Units":
        """The units of a question's only row with an answer's parts."""
        where, words, total = _where(question)
        parts = torch.zeros(total)
        for name, owner in where.items():
            part = answer.parts[name].float()
            flat = part.expand(question.inputs[name].shape).reshape(-1)
            if part.shape != question.inputs[name].shape:
                flat = flat / (question.inputs[name].numel() / part.numel())
            kept = owner >= 0
            parts.index_add_(0, owner[kept], flat[kept])
        return cls(where, parts, " and ".join(words))

    def sums(self, parts: dict[str, Tensor], shapes: dict[str, Tensor]) -> Tensor:
        """Another map's parts in the same units [U]."""
        found = torch.zeros(self.count)
        for name, owner in self.where.items():
            flat = parts[name].float().expand(shapes[name].shape).reshape(-1)
            kept = owner >= 0
            found.index_add_(0, owner[kept], flat[kept])
        return found


def _where(question: Question) -> tuple[dict[str, Tensor], list[str], int]:
    subject = question.subject
    column_of = {column: at for at, column in enumerate(subject.columns)}
    total = len(column_of)
    where: dict[str, Tensor] = {}
    words = ["columns"] if column_of else []
    for name in subject.names:
        spec = subject.inputs[name]
        if spec.form in ("vector", "codes"):
            origins = spec.origins or spec.features
            where[name] = torch.tensor([column_of[origin] for origin in origins])
            continue
        x = question.inputs[name][0]
        if spec.form == "tokens":
            kept = x != 0
            owner = torch.full(x.shape, -1)
            owner[kept] = total + torch.arange(int(kept.sum()))
            total += int(kept.sum())
            words.append("words")
        else:  # one unit per place, all channels together
            places = x[0].numel()
            owner = (total + torch.arange(places)).repeat(len(x))
            total += places
            words.append("pixels" if spec.form == "image" else "moments")
        where[name] = owner.reshape(-1)
    return where, words, total


def remove(question: Question, units: Units) -> Evidence:
    """The deletion curve (Petsiuk 2018).

    What is watched as units go, best first, against random orders.
    """
    generator = torch.Generator().manual_seed(question.seed)
    ends = torch.linspace(0, units.count, min(STEPS, units.count) + 1).round().long()
    best = units.parts.argsort(descending=True, stable=True)
    orders = [best] + [torch.randperm(units.count, generator=generator) for _ in range(ORDERS)]
    rank = torch.stack([_inverse(order) for order in orders])  # [orders, U]
    gone = rank[:, None, :] < ends[None, :, None]  # [orders, steps, U]
    gone = gone.reshape(-1, units.count)
    rows: dict[str, Tensor] = {}
    for name, x in question.inputs.items():
        owner = units.where[name]
        mask = gone[:, owner.clamp_min(0)] & (owner >= 0)
        mask = mask.reshape(len(gone), *x.shape[1:])
        rows[name] = torch.where(mask, question.baseline.first[name], x)
    target = None if question.target is None else question.target.expand(len(gone))
    watched = question.subject.watched(rows, target).reshape(len(orders), -1).double().numpy()
    share = (ends.double() / max(1, units.count)).numpy()
    return Evidence(share, watched[0], watched[1:])


def _inverse(order: Tensor) -> Tensor:
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    return rank


def _adds_up(missed: float) -> Check:
    status: Status = "ok" if missed <= ADDS_UP else "warn" if missed <= ADDS_UP_ROUGHLY else "err"
    sentence = {
        "ok": "Parts sum to the score; this is what is missing.",
        "warn": "Parts nearly sum to the score; this share is missing.",
        "err": "Parts do not sum to the score; this share is missing.",
    }[status]
    return Check("adds_up", "Adds up to the prediction", status, percent(missed), sentence, missed)


def percent(value: float) -> str:
    """A share in per cent, as short as it can be told."""
    return f"{value * 100:.1f} %" if value >= 0.0005 else "0.0 %"


def _area(share: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    return float(np.trapezoid(curve, share))


def _matters(method: Method, question: Question, units: Units, evidence: Evidence) -> Check:
    """Marked features matter where the answer falls faster than in every usual random order.

    All curves begin and end alike, so the area between them is what the order adds. It must beat
    every one of the random orders (by chance one time in seventeen with sixteen of them), and on
    average by a share of the curve's range. On few features random orders differ much, so a
    distance in standard deviations would be out of reach there. A method without signs only says
    where the answer depends on the input: then the way from the start counts, not its direction.
    """
    title = f"Marked {units.word} matter"
    marked, chance = _area(evidence.share, evidence.marked), _area(evidence.share, evidence.random)
    both = np.concatenate([evidence.marked, evidence.random])
    span = float(both.max() - both.min())
    unit = 1.0 if question.subject.classifies else question.subject.target.std
    if span < 0.02 * unit:
        sentence = "Nothing to measure: with everything removed the model says nearly the same."
        return Check("matters", title, "warn", "–", sentence)
    if units.level:
        sentence = f"It marks all {units.word} alike, and so tells none from the others."
        return Check("matters", title, "warn", "–", sentence)
    start = evidence.marked[0]
    drops = [
        start - line if method.signed else np.abs(line - start)
        for line in (evidence.marked, *evidence.orders)
    ]
    mine, *theirs = (_area(evidence.share, drop) / span for drop in drops)
    gain = float(mine - np.mean(theirs))
    status: Status = "warn"
    if gain > BETTER and mine > max(theirs):
        status = "ok"
    elif gain < -BETTER / 2 and mine < min(theirs):
        status = "err"
    usual = f"{len(theirs)} random orders, {figure(chance)} on average"
    sentence = (
        f"Mean {_watched(question)} as they go"
        + {
            "ok": f". Better than all of {usual}.",
            "warn": f". Not better than all of {usual}.",
            "err": f". Worse than all of {usual}.",
        }[status]
    )
    return Check("matters", title, status, figure(marked), sentence, gain)


def _neutral(question: Question) -> list[Check]:
    """A caution where the baseline alone already gets the answer that is explained."""
    if question.target is None or not question.subject.classifies:
        return []
    chance = float(question.subject.watched(question.baseline.first, question.target)[0])
    if chance <= 0.5 or question.scale == "probability":
        return []
    name = question.subject.classes[int(question.target[0])]
    return [
        Check(
            "neutral",
            "The comparison is not neutral",
            "note",
            percent(chance),
            f"The model says {name} of {question.baseline.choice.title}, too. Compare with "
            "another.",
            chance,
        )
    ]


def figure(value: float) -> str:
    """A number as a person reads it: two decimals below 10, thousands with commas."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _watched(question: Question) -> str:
    subject = question.subject
    if question.target is None:
        return subject.called(subject.target.name)
    return f"probability of {subject.classes[int(question.target[0])]}"


def _weights(method: Method, question: Question, answer: Attribution, units: Units) -> Check:
    """Sanity check (Adebayo 2018).

    A map that looks the same with random weights shows the input, not the model.

    Methods with the factor input − baseline are compared without that factor, else the input alone
    would look alike.
    """
    mine = _comparable(method, question, answer, units)
    likeness = []
    tick = question.counter("Checks", DRAWS)
    for draw in range(DRAWS):
        tick()
        other = _aside(_with_random_weights(question, draw), "Checks", draw, DRAWS)
        theirs = _comparable(method, other, method.attribute(other), units)
        likeness.append(rank_likeness(mine, theirs, signed=method.signed))
    value = float(np.mean(likeness))
    spread = 2 / np.sqrt(max(1, units.count * DRAWS))  # what chance alone gives
    status: Status = "ok" if abs(value) < LIKE_RANDOM + spread else "warn"
    status = "err" if value > 0.95 else status
    sentence = {
        "ok": f"Likeness to a map of random weights. Below {LIKE_RANDOM + spread:.1g}.",
        "warn": "Much like a map of random weights.",
        "err": "The same with random weights: it shows the input, not the model.",
    }[status]
    return Check("weights", "Depends on the weights", status, f"{abs(value):.2f}", sentence, value)


def _with_random_weights(question: Question, draw: int) -> Question:
    subject = question.subject
    key = f"random{draw}"
    if key not in subject.cache:
        subject.cache[key] = replace(subject, model=twin.randomised(subject.model, draw), cache={})
    return replace(question, subject=subject.cache[key])


def _aside(question: Question, what: str, done: int, total: int) -> Question:
    """The question asked once more for a check: it counts as that step, and may be stopped."""
    told = question.progress
    if told is None:
        return question
    return replace(question, progress=lambda *_: told(what, done, total))


def _comparable(
    method: Method, question: Question, answer: Attribution, units: Units
) -> NDArray[np.float64]:
    parts = answer.parts
    if method.multiplies:
        parts = {}
        for name, part in answer.parts.items():
            x = question.inputs[name]
            if not x.is_floating_point():
                parts[name] = part
                continue
            moved = x - question.baseline.first[name]
            parts[name] = torch.where(moved.abs() > 1e-4, part / moved, torch.zeros_like(part))
    return units.sums(parts, question.inputs).double().numpy()


def rank_likeness(a: NDArray[np.float64], b: NDArray[np.float64], *, signed: bool = True) -> float:
    """Spearman's rank correlation over places where either map has a part.

    0 where one of them is flat.
    """
    if not signed:
        a, b = np.abs(a), np.abs(b)
    kept = (a != 0) | (b != 0)
    a, b = _ranks(a[kept]), _ranks(b[kept])
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks with ties shared."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)


def _repeats(method: Method, question: Question, units: Units) -> Check:
    """The same question with another seed: draws, noise and sampling must not decide the map."""
    inputs, subject = question.inputs, question.subject
    again = replace(
        _aside(question, "Checks", 0, 0),
        seed=question.seed + 1,
        baseline=baselines.make(subject, question.baseline.choice.name, inputs, question.seed + 1),
    )
    other = units.sums(method.attribute(again).parts, inputs)
    mine, theirs = units.parts.double().numpy(), other.double().numpy()
    same = 1.0 if np.allclose(mine, theirs, rtol=1e-4) else rank_likeness(mine, theirs)
    status: Status = "ok" if same > 0.95 else "warn" if same > 0.8 else "err"
    sentence = {
        "ok": "Same map on every run.",
        "warn": "The map moves a little from run to run.",
        "err": "Another run gives another map.",
    }[status]
    return Check("repeats", "Repeats", status, f"{same:.2f}", sentence, same)


def _table_checks(method: Method, question: Question, answer: Attribution) -> list[Check]:
    if answer.columns is None:
        return []
    checks = [_background(method, question, answer.columns[0].numpy())]
    pair = correlated(question.subject)
    if pair is not None:
        one, two = (question.subject.called(name) for name in pair[:2])
        value = pair[2]
        checks.append(
            Check(
                "correlated",
                f"{one} and {two} move together",
                "note",
                f"{value:+.2f}".replace("-", "−"),
                "Their correlation. How the two share their effect is partly a convention.",
                value,
            )
        )
    return checks


def _background(method: Method, question: Question, mine: NDArray[np.float64]) -> Check:
    """The same bars against other draws of background rows."""
    moved = 0.0
    tick = question.counter("Checks", 2)
    for seed in (1, 2):
        tick()
        again = _aside(replace(question, seed=question.seed + seed), "Checks", seed - 1, 2)
        columns = method.attribute(again).columns
        if columns is not None:
            moved = max(moved, float(np.abs(columns[0].numpy() - mine).max()))
    largest = float(np.abs(mine).max()) or 1.0
    share = moved / largest
    status: Status = "ok" if share < 0.25 else "warn" if share < 0.6 else "err"
    points = 100 if question.subject.classifies else 1
    return Check(
        "background",
        "Same for another background",
        status,
        f"± {figure(moved * points)}",
        f"Largest change of a bar{', in points,' if points == 100 else ''} over two other draws.",
        share,
    )


def correlated(subject: Subject) -> tuple[str, str, float] | None:
    """The two numeric columns that move together most, above 0.5, among the background rows."""
    numbers: dict[str, NDArray[np.float64]] = {}
    for column, places in subject.groups().items():
        for name, at in places.items():
            if subject.inputs[name].form == "vector" and len(at) == 1:
                numbers[column] = subject.background[name][:, at[0]].double().numpy()
    kept = {column: values for column, values in numbers.items() if values.std() > 1e-9}
    if len(kept) < 2:
        return None
    table: NDArray[np.float64] = np.asarray(np.corrcoef(np.stack(list(kept.values()))))
    np.fill_diagonal(table, 0.0)
    one, two = np.unravel_index(int(np.abs(table).argmax()), table.shape)
    value = float(table[one, two])
    names = list(kept)
    return (names[one], names[two], value) if abs(value) > 0.5 else None
