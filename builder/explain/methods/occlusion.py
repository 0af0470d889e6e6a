"""Occlusion (Zeiler 2014): cover a patch, see how far the score falls; through Captum."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from builder.explain.base import Attribution, Method, Question
from builder.explain.subject import Subject
from builder.layers.base import Param

PASS = 256
"""Pictures in one pass through the model."""


class Occlusion(Method):
    """A patch of the baseline slides over the picture; a place gets the mean fall of the score."""

    name = "occlusion"
    title = "Occlusion"
    help = "Which region the model misses most when it is covered."
    limits = (
        "Good for which region, not for which single point. A smaller patch may help.",
        "Things that stand for each other hide each other: covering one alone changes little.",
    )
    params = (
        Param(
            "patch",
            "int",
            0,
            "Side of the patch; 0 takes about a fifth of the side.",
            low=0,
            high=512,
        ),
    )

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Without neighbours: tables and texts."""
        if subject.forms & {"image", "series"}:
            return None
        what = "texts" if "tokens" in subject.forms else "columns"
        return (
            f"Occlusion covers neighbours in a picture or series; for {what} use feature ablation."
        )

    def attribute(self, question: Question) -> Attribution:
        """Mean falls per place; inputs without neighbours get zeros."""
        from captum.attr import Occlusion as Captum

        subject = question.subject
        scored = subject.scored(question.scale)
        found: dict[str, Tensor] = {}
        settings = ""
        for name in subject.names:
            x = question.inputs[name]
            if subject.inputs[name].form not in ("image", "series"):
                found[name] = torch.zeros(x.shape, dtype=torch.float32)
                continue
            others = [other for other in subject.names if other != name]

            window, strides, settings = _window(x, int(question.options["patch"]))
            windows = math.prod(
                -(-(size - w) // s) + 1 for size, w, s in zip(x.shape[1:], window, strides)
            )
            at_once = max(1, min(windows, PASS // question.rows))
            tick = question.counter(self.title, -(-windows // at_once) + 1)

            def score(
                x: Tensor,
                target: Tensor | None,
                *rest: Tensor,
                name: str = name,
                others: list[str] = others,
                tick: Callable[[], None] = tick,
            ) -> Tensor:
                tick()
                return scored({name: x, **dict(zip(others, rest))}, target)

            with torch.no_grad():
                found[name] = Captum(score).attribute(
                    x,
                    sliding_window_shapes=window,
                    strides=strides,
                    baselines=question.baseline.first[name],
                    additional_forward_args=(
                        question.target,
                        *(question.inputs[o] for o in others),
                    ),
                    perturbations_per_eval=at_once,
                )
        return Attribution(found, None, settings)


def _window(x: Tensor, patch: int) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """The window over all channels, its strides (about a third of it), and both in words."""
    channels, *sides = x.shape[1:]
    sizes = [min(side, patch or max(2, round(side / 5))) for side in sides]
    strides = [max(1, size // 3) for size in sizes]
    words = f"{'×'.join(str(size) for size in sizes)} patch, stride {strides[0]}"
    return (channels, *sizes), (channels, *strides), words
