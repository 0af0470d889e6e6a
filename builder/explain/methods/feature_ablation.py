"""Feature ablation: take one feature away at a time; through Captum."""

import torch
from torch import Tensor

from builder.explain.base import Attribution, Method, Question
from builder.explain.subject import Subject
from builder.layers.base import Param

PASS = 256
"""Rows in one pass through the model."""


class FeatureAblation(Method):
    """Each column, word, patch or stretch of time is replaced by the baseline's, alone."""

    name = "feature_ablation"
    title = "Feature ablation"
    help = "How far the score falls when one feature is replaced by the baseline's."
    limits = (
        "One at a time: two features that say the same hide each other.",
        "The parts need not sum to the score.",
    )
    params = (
        Param(
            "patch",
            "int",
            0,
            "Side of a picture's patch, length of a series' stretch; 0 chooses.",
            low=0,
            high=512,
        ),
    )

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Never."""
        del subject
        return None

    def attribute(self, question: Question) -> Attribution:
        """Falls per feature, shared evenly by its places in tables."""
        from captum.attr import FeatureAblation as Captum

        subject, names = question.subject, question.subject.names
        scored = subject.scored(question.scale)
        masks, words = _masks(subject, int(question.options["patch"]))

        count = int(max(mask.max() for mask in masks.values())) + 1
        at_once = max(1, min(count, PASS // question.rows))
        tick = question.counter(self.title, -(-count // at_once) + 1)

        def score(*arguments: Tensor | None) -> Tensor:
            tick()
            inputs = {name: x for name, x in zip(names, arguments) if x is not None}
            return scored(inputs, arguments[len(names)])

        with torch.no_grad():
            parts = Captum(score).attribute(
                tuple(question.inputs[name] for name in names),
                baselines=tuple(question.baseline.first[name] for name in names),
                additional_forward_args=(question.target,),
                feature_mask=tuple(masks[name] for name in names),
                perturbations_per_eval=at_once,
                enable_cross_tensor_attribution=True,
            )
        found = {}
        for name, part in zip(names, parts):
            counts = torch.bincount(masks[name].flatten(), minlength=count).clamp_min(1)
            if subject.inputs[name].form in ("vector", "codes"):
                for other in names:  # a column may stand in several inputs
                    if other != name and subject.inputs[other].form in ("vector", "codes"):
                        counts = counts + torch.bincount(masks[other].flatten(), minlength=count)
                found[name] = part.float() / counts[masks[name]]
            else:
                found[name] = part.float()
        return Attribution(found, None, words)


def _masks(subject: Subject, patch: int) -> tuple[dict[str, Tensor], str]:
    """Per input which feature each place belongs to [1, …], and the kinds of features in words."""
    column_of = {column: at for at, column in enumerate(subject.columns)}
    following = len(column_of)
    masks: dict[str, Tensor] = {}
    words = ["columns"] if column_of else []
    for name in subject.names:
        spec = subject.inputs[name]
        if spec.form in ("vector", "codes"):
            origins = spec.origins or spec.features
            masks[name] = torch.tensor([[column_of[origin] for origin in origins]])
            continue
        own = _places(spec.form, spec.shape, patch)
        masks[name] = own[None] + following
        following += int(own.max()) + 1
        words.append({"image": "patches", "tokens": "words", "series": "stretches"}[spec.form])
    return masks, ", ".join(words)


def _places(form: str, shape: tuple[int, ...], patch: int) -> Tensor:
    if form == "tokens":
        return torch.arange(shape[0])
    *_, last = shape
    size = patch or max(1, round(last / (8 if form == "image" else 24)))
    across = torch.arange(last) // size
    if form == "image":
        down = torch.arange(shape[1]) // size
        grid = down[:, None] * (int(across.max()) + 1) + across
        return grid.expand(shape).contiguous()
    channel = torch.arange(shape[0])[:, None] * (int(across.max()) + 1)
    return channel + across
