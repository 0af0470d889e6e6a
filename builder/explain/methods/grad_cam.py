"""Grad-CAM (Selvaraju 2017): the channels of a convolution, weighed by their mean gradient.

Through Captum.
"""

import torch
import torch.nn.functional as F

from builder.errors import LaminaError
from builder.explain import twin
from builder.explain.base import Attribution, Method, Question
from builder.explain.entry import closed, enter
from builder.explain.subject import Subject


def default_layer(subject: Subject) -> str | None:
    """The last convolution with a place axis; None where the model has none."""
    kinds = subject.operations.kinds
    fitting = [name for name in subject.layers if kinds.get(name, "").startswith("Conv")]
    return fitting[-1] if fitting else None


class GradCam(Method):
    """A coarse map of the places whose channels speak for the class, at a chosen layer."""

    name = "grad_cam"
    title = "Grad-CAM"
    help = "Which region speaks for the class, as a chosen convolution sees it."
    limits = (
        "As coarse as the layer's own grid; the marks are stretched over the input.",
        "Weighs a channel once for the whole input, so small things in it may blur together.",
    )
    layered = True
    compares = False

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Without places or without a convolution."""
        if not subject.forms & {"image", "series"}:
            return "Grad-CAM needs an image or a series; this model has neither."
        if default_layer(subject) is None:
            return "Grad-CAM needs a convolution whose output keeps places; this model has none."
        return closed(subject)

    def attribute(self, question: Question) -> Attribution:
        """The layer's map, stretched over the input; other inputs get zeros."""
        from captum.attr import LayerGradCam

        subject = question.subject
        layer = question.layer or default_layer(subject)
        if layer not in subject.layers:
            raise LaminaError(
                f"There is no layer {layer!r} whose output has places, as Grad-CAM needs.",
                place="layer",
                remedy=f"Use one of: {', '.join(subject.layers)}.",
            )
        entry = enter(question)
        modules = dict(entry.lift.model.named_modules())
        with twin.gradients():
            features = tuple(feature.clone().requires_grad_() for feature in entry.features)
            parts = LayerGradCam(entry.scored, modules[layer]).attribute(
                features, additional_forward_args=entry.more
            )
        places = parts.detach()
        found = {}
        for name in subject.names:
            shape = question.inputs[name].shape
            if subject.inputs[name].form == "image" and places.ndim == 4:
                found[name] = _stretch(places, shape[-2:], "bilinear")
            elif subject.inputs[name].form == "series" and places.ndim == 3:
                found[name] = _stretch(places, shape[-1:], "linear")
            else:
                found[name] = torch.zeros(shape, dtype=torch.float32)
        grid = "×".join(str(size) for size in subject.layers[layer][1:])
        return Attribution(found, None, f"{layer}, {grid} places")


def _stretch(places: torch.Tensor, size: torch.Size, mode: str) -> torch.Tensor:
    return F.interpolate(places, size=tuple(size), mode=mode, align_corners=False)
