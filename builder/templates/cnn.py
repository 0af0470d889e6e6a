"""A convolutional network for small and middling images."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

LARGEST_MAP = 7  # pool until a side has at most so many cells
WIDTHS = (32, 64, 128, 128, 256, 256)


class Cnn(RowTemplate):
    """Convolution, normalisation, activation, pooling; as often as the image is large."""

    name = "cnn"
    title = "Image classifier"
    called = "{data} CNN"
    help = "Convolutions, pooling, a dense head."
    data_kind = "image"
    own = base.DIGITS
    least = 4
    smaller = "The images are smaller than 4 × 4 pixels. Use mlp-classification on the pixels."

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:
        """First choice for grey or small images."""
        channels, *sides = base.only_input(spec, "image").shape
        return 60 if channels == 1 or max(sides) < 24 else 40

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:
        """At least two convolutions; one pooling per halving down to 7 cells a side."""
        side = min(base.only_input(spec, "image").shape[1:])
        pools = 0
        while side >> pools > LARGEST_MAP:
            pools += 1
        stages = max(2, pools)
        for stage in range(1, stages + 1):
            coarse = {"stride": 2} if stage == 1 and side > 96 else {}
            sketch.add(
                f"conv{stage}",
                "Conv2d",
                out_channels=WIDTHS[min(stage, len(WIDTHS)) - 1],
                kernel_size=3,
                padding=1,
                bias=False,
                **coarse,
            )
            sketch.add(f"norm{stage}", "BatchNorm2d")
            sketch.add(f"relu{stage}", "ReLU")
            if stage > stages - pools and not coarse:
                sketch.add(f"pool{stage}", "MaxPool2d", kernel_size=2)
        sketch.add("flatten", "Flatten")
        sketch.add("dense", "Linear", out_features=128)
        sketch.add("relu", "ReLU")
        sketch.add("dropout", "Dropout", p=0.3)

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """Fewer epochs the more images there are."""
        count = base.rows(spec)
        epochs = 30 if count < 2_000 else 15 if count < 5_000 else 6
        batch = 32 if count < 2_000 else 64
        return base.one_cycle(spec, epochs, 3e-3, batch=batch, smoothing=0.1, weight_decay=0.01)
