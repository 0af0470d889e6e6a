"""DeepLift (Shrikumar 2017), through Captum, where its rules hold."""

from builder.explain import apart, twin
from builder.explain.base import Attribution, Method, Question
from builder.explain.entry import closed, enter
from builder.explain.subject import Subject

COVERED = {
    "relu": ("ReLU",),
    "elu": ("ELU",),
    "leaky_relu": ("LeakyReLU",),
    "sigmoid": ("Sigmoid",),
    "tanh": ("Tanh",),
    "softplus": ("Softplus",),
    "max_pool2d_with_indices": ("MaxPool2d", "MaxPool1d"),
    "max_pool3d_with_indices": ("MaxPool3d",),
}
"""Kernel → the modules that Captum has a rule for. One call each.

A hook knows its module, not the call.
"""

ACTIVATIONS = frozenset(kind for kinds in COVERED.values() for kind in kinds)

LINEAR = frozenset(
    [
        "convolution",
        "addmm",
        "mm",
        "bmm",
        "matmul",
        "linear",
        "t",
        "add",
        "sub",
        "neg",
        "mul_by_number",
        "div",
        "view",
        "_unsafe_view",
        "reshape",
        "permute",
        "transpose",
        "unsqueeze",
        "squeeze",
        "expand",
        "slice",
        "select",
        "cat",
        "stack",
        "split",
        "mean",
        "sum",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "_adaptive_avg_pool2d",
        "_adaptive_avg_pool3d",
        "adaptive_avg_pool1d",
        "native_batch_norm",
        "_native_batch_norm_legit_no_training",
        "cudnn_batch_norm",
        "detach",
        "clone",
        "alias",
        "_to_copy",
        "contiguous",
        "flatten",
        "constant_pad_nd",
        "empty",
        "zeros",
        "empty_like",
        "zeros_like",
        "embedding",
        "_embedding_bag_forward_only",
        "_embedding_bag",
        "pixel_shuffle",
        "upsample_nearest2d",
        "upsample_bilinear2d",
        "mkldnn_convolution",
        "_mkldnn_reshape",
        "lift_fresh",
        "native_dropout",
    ]
)
"""Kernels that are linear in the input when the weights are fixed."""


class DeepLift(Method):
    """Differences from the baseline, carried back layer by layer."""

    name = "deep_lift"
    title = "DeepLift"
    help = "As integrated gradients, in one pass, for plain networks."
    limits = (
        "Only for networks of covered activations.",
        "Max pooling credits the largest cell of each window, and no cell that comes close to it.",
    )
    additive = True
    multiplies = True

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Where an operation has no exact rule: the parts would be silently wrong."""
        seen = subject.operations
        for kernel, times in seen.kernels.items():
            if kernel in COVERED:
                hooked = sum(
                    seen.calls[name]
                    for name, kind in seen.kinds.items()
                    if kind in COVERED[kernel] and seen.calls[name] == 1
                )
                if hooked < times:
                    return (
                        f"DeepLift has no rule for a {kernel} that is shared or not a "
                        "layer of its own."
                    )
            elif kernel not in LINEAR:
                return (
                    f"DeepLift has no rule for {kernel.strip('_')}; its parts would be "
                    "silently wrong."
                )
        if not any(kind in ACTIVATIONS for kind in seen.kinds.values()) and "relu" in seen.kernels:
            return "DeepLift needs activations that are layers of their own."
        return closed(subject)

    def attribute(self, question: Question) -> Attribution:
        """Captum's, over all draws of the baseline."""
        import warnings

        import torch
        from captum.attr import DeepLift as Captum

        entry = enter(question)
        apart.set_apart(entry.lift.model, ACTIVATIONS)
        sums = [torch.zeros_like(feature) for feature in entry.features]
        baselines = entry.baseline_features()
        base = torch.stack([entry.score(features) for features in baselines]).mean(0)
        for features in baselines:
            with twin.gradients(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Captum announces its hooks; they sit on a twin
                parts = Captum(entry.scored).attribute(
                    tuple(feature.clone().requires_grad_() for feature in entry.features),
                    baselines=features,
                    additional_forward_args=entry.more,
                )
            for total, part in zip(sums, parts):
                total += part.detach() / len(baselines)
        return Attribution(entry.lift.collapse(sums), base, "one pass")
