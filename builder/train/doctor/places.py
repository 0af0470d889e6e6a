"""Places within a row that give the answer away: a step of a series, a pixel, a word."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from builder.data.specs import InputSpec, TargetSpec
from builder.train.doctor.facts import Teller

Power = Callable[[np.ndarray, bool], float]
"""How well values [B] tell the target: (values, whether they are codes) → 0 to 1."""
LEAST_ROWS = 100
"""With fewer rows, one of hundreds of places may tell the target by luck."""
SHORTLIST = 64
LEVELS = 16
FOUND = 2
"""Words of a class that are looked at together, and then the next best without them."""


def tellers(
    x: Tensor, y_B: np.ndarray, spec: InputSpec, target: TargetSpec, power: Power
) -> Iterator[Teller]:
    """The places of a series, an image or a text by how well each alone tells the target, those
    that look best first. `x` and `y_B` are rows of the training split in stored form.
    """
    if len(y_B) < LEAST_ROWS:
        return
    if spec.form == "tokens" and target.kind == "class":
        yield from _words(x, y_B.astype(np.int64), spec, target, power)
    elif spec.form in ("series", "image"):
        yield from _positions(x, y_B, spec, power)


def _positions(x: Tensor, y_B: np.ndarray, spec: InputSpec, power: Power) -> Iterator[Teller]:
    """Of the positions whose values differ most between classes (or between parts of the numbers'
    range), as a share of all that they vary: the correlation ratio.
    """
    flat = x.flatten(1).double()
    edges = np.unique(np.quantile(y_B, np.linspace(0, 1, LEVELS + 1)[1:-1]))
    groups = torch.from_numpy(np.searchsorted(edges, y_B, side="right"))
    flat = torch.nan_to_num(flat, posinf=0.0, neginf=0.0)
    flat = flat - flat.mean(0)
    members = torch.nn.functional.one_hot(groups).double()
    counts = members.sum(0).clamp_min(1)
    between = ((members.T @ flat).square() / counts[:, None]).sum(0)
    whole = flat.square().sum(0)
    share = torch.where(whole > 0, between / whole.clamp_min(1e-30), torch.zeros_like(whole))
    for place in share.argsort(descending=True)[:SHORTLIST].tolist():
        values = x.flatten(1)[:, place].double().numpy()
        yield Teller(_called(place, spec), power(values, False), spec.name, within=True)


def _called(place: int, spec: InputSpec) -> str:
    """A position as people name it."""
    *_, wide = spec.shape
    if spec.form == "series":
        channel = place // wide
        of = f" of {spec.features[channel]}" if len(spec.features) > 1 else ""
        return f"step {place % wide + 1}{of}"
    row = place // wide % spec.shape[-2]
    return f"the pixel in row {row + 1} and column {place % wide + 1}"


def _words(
    x_BT: Tensor, y_B: np.ndarray, spec: InputSpec, target: TargetSpec, power: Power
) -> Iterator[Teller]:
    """For each class the word that stands in its rows and in few others; all of these together, as
    a person reads tags. Then the same without these words, to see how far behind the others are.
    """
    k, size = len(target.classes), max(spec.cardinality, int(x_BT.max()) + 1)
    rows = torch.arange(len(x_BT))[:, None].expand_as(x_BT)
    pairs = torch.unique(rows * size + x_BT)
    row, word = (pairs // size).numpy(), (pairs % size).numpy()
    row, word = row[word > 1], word[word > 1]  # 0 pads, 1 is unknown
    if not len(word):
        return
    table = np.bincount(word * k + y_B[row], minlength=size * k).reshape(size, k).astype(float)
    counts = np.bincount(y_B, minlength=k)
    # the harmonic mean of precision and recall of "stands there" for each class
    score = 2 * table / np.maximum(table.sum(1, keepdims=True) + counts, 1)
    for _ in range(FOUND):
        best = [int(score[:, c].argmax()) for c in range(k)]
        order = sorted({w for w in best if w > 1}, key=lambda w: -score[w].max())
        says = np.full(len(x_BT), len(order), np.int64)
        for place, chosen in reversed(list(enumerate(order))):
            says[row[word == chosen]] = place
        named = "a single word" if len(order) == 1 else "one word for each class"
        yield Teller(named, power(says, True), spec.name, within=True)
        score[order] = 0.0
