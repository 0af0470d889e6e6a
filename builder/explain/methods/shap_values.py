"""SHAP values (Lundberg 2017) over raw columns, through the shap library.

Exact for few columns, else permutations.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from builder.explain.base import Attribution, Method, Question
from builder.explain.subject import Subject
from builder.layers.base import Param

EXACT = 8
"""Up to this many columns all combinations are computed."""
CHUNK = 16_384


class Shap(Method):
    """Each column's fair share of the way from the average prediction to this one."""

    name = "shap_values"
    title = "SHAP values"
    help = "How much each column moves the answer from the average answer to this one's."
    limits = (
        "Columns that move together share their effect by convention.",
        "It explains the model, not the world: no cause and effect.",
    )
    params = (
        Param(
            "background", "int", 100, "Training rows that stand for the average.", low=10, high=1000
        ),
        Param(
            "permutations", "int", 10, "Orders tried where there are many columns.", low=1, high=200
        ),
    )
    additive = True
    compares = False
    against = "the average answer over the background rows"
    scale = "probability"

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Without columns, or with too many."""
        others = subject.forms - {"vector", "codes"}
        if others:
            return f"SHAP values here need columns of a table; this model reads {_words(others)}."
        if len(subject.columns) > 200:
            return f"SHAP values take too long over {len(subject.columns)} columns (limit 200)."
        return None

    def _heard(
        self, question: Question, row: int, columns: int, orders: int
    ) -> Callable[[int], None]:
        """Tells of progress at each look at some coalitions: of one row how many, else which row.

        Whoever listens may stop the work there.
        """
        done = 0

        def tick(coalitions: int) -> None:
            nonlocal done
            if question.progress is None:
                return
            if question.rows > 1:
                question.progress(self.title, row, question.rows)
            else:
                total = _evaluations(columns, orders)
                question.progress(self.title, min(done, total), total)
            done += coalitions

        return tick

    def attribute(self, question: Question) -> Attribution:
        """Row by row through shap's exact or permutation explainer."""
        subject = question.subject
        columns = len(subject.columns)
        pool, pointers = _pool(question)
        background = pointers[question.rows :]
        values = np.zeros((question.rows, columns))
        base = np.zeros(question.rows)
        orders = int(question.options["permutations"])
        for row in range(question.rows):
            target = None if question.target is None else question.target[row : row + 1]
            with _seeded(question.seed):
                heard = self._heard(question, row, columns, orders)
                explainer, more = _explainer(question, pool, background, target, orders, heard)
                found = explainer(pointers[row : row + 1], silent=True, **more)
            values[row] = found.values[0]
            base[row] = float(np.ravel(found.base_values)[0])
            if question.progress is not None:
                question.progress(self.title, row + 1, question.rows)
        exact = columns <= EXACT
        how = f"exact over {2**columns:,} combinations" if exact else f"{orders} orders"
        return Attribution(
            _spread(subject, values, question.inputs),
            torch.from_numpy(base),
            f"{how}, {len(background)} background rows",
            columns=torch.from_numpy(values),
        )


def _words(forms: frozenset[str]) -> str:
    names = {"image": "images", "tokens": "text", "series": "series"}
    return " and ".join(sorted(names[form] for form in forms))


def _pool(question: Question) -> tuple[dict[str, Tensor], NDArray[np.int64]]:
    """All rows in one pool, and per row and column a pointer into it [rows + background, columns].

    A coalition takes each raw column whole from the row or from a background row: pointers say from
    which.
    """
    subject = question.subject
    available = len(subject.background[subject.names[0]])
    take = min(available, int(question.options["background"]))
    generator = torch.Generator().manual_seed(question.seed)
    drawn = torch.randperm(available, generator=generator)[:take]
    pool = {
        name: torch.cat([question.inputs[name], subject.background[name][drawn]])
        for name in subject.names
    }
    rows = np.arange(question.rows + take)[:, None]
    return pool, np.repeat(rows, len(subject.columns), axis=1)


def _explainer(
    question: Question,
    pool: dict[str, Tensor],
    background: NDArray[np.int64],
    target: Tensor | None,
    orders: int,
    heard: Callable[[int], None],
) -> tuple[Any, dict[str, Any]]:
    shap = _library()
    subject = question.subject
    scored = subject.scored(question.scale)
    column_of = _columns_of(subject)

    def score(pointers: NDArray[np.int64]) -> NDArray[np.float64]:
        parts = []
        heard(len(pointers) // len(background))
        for at in range(0, len(pointers), CHUNK):
            some = torch.from_numpy(np.asarray(pointers[at : at + CHUNK], np.int64))
            inputs = {
                name: pool[name][some[:, owners], torch.arange(len(owners))]
                for name, owners in column_of.items()
            }
            parts.append(scored(inputs, None if target is None else target.expand(len(some))))
        return torch.cat(parts).double().numpy()

    masker = shap.maskers.Independent(background, max_samples=len(background))
    columns = len(subject.columns)
    kind = shap.explainers.Exact if columns <= EXACT else shap.explainers.Permutation
    return kind(score, masker), {"max_evals": _evaluations(columns, orders)}


def _evaluations(columns: int, orders: int) -> int:
    """How many coalitions are looked at, at the most."""
    return 1 + (2**columns if columns <= EXACT else orders * (2 * columns + 1))


def _library() -> Any:
    """The shap library; its import warns of its own plots."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    return shap


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """shap draws from numpy's global generator; it is put back."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


def _columns_of(subject: Subject) -> dict[str, Tensor]:
    """Per input, the column that each feature belongs to [F]."""
    place = {column: at for at, column in enumerate(subject.columns)}
    return {
        name: torch.tensor(
            [place[o] for o in subject.inputs[name].origins or subject.inputs[name].features]
        )
        for name in subject.names
    }


def _spread(
    subject: Subject, values: NDArray[np.float64], inputs: dict[str, Tensor]
) -> dict[str, Tensor]:
    """A column's value, shared evenly by its features, so that every input's parts still sum to the
    whole.
    """
    owners = _columns_of(subject)
    counts = torch.zeros(len(subject.columns))
    for owner in owners.values():
        counts += torch.bincount(owner, minlength=len(counts))
    each = torch.from_numpy(values).float() / counts
    return {name: each[:, owner].reshape(inputs[name].shape) for name, owner in owners.items()}
