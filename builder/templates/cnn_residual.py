"""A residual convolutional network for photographs."""

from typing import TYPE_CHECKING

from builder.project import Data, Project, Recipe, Step
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

LARGEST_MAP = 4  # halve until a side has at most so many cells
COARSE = 96  # larger images begin with a window of 7 that takes every other pixel
POOLED = 28  # from so many cells a side, the first convolution's map is halved at once


class CnnResidual(base.Template):
    """Blocks of two convolutions with a shortcut around (He et al., 2015, arXiv 1512.03385)."""

    name = "cnn-residual"
    title = "Residual image classifier"
    called = "{data} residual CNN"
    help = "Deeper: shortcuts around layers."
    data_kind = "image"

    @classmethod
    def data(cls) -> Data:
        """Handwritten digits of 8 × 8 pixels, bundled with scikit-learn."""
        return base.DIGITS

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one image of at least 8 × 8 pixels."""
        if reason := base.lacks(spec, "image", "images"):
            return reason
        if min(base.only_input(spec, "image").shape[1:]) < 8:
            return "The images are smaller than 8 × 8 pixels. Use the template cnn."
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for colour images, where cnn steps back."""
        return 50

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """A first convolution, a block, one per halving, each twice as wide; the mean."""
        image = base.only_input(spec, "image")
        side = min(image.shape[1:])
        start = 32 if base.rows(spec) >= 5_000 else 16
        sketch = base.Sketch()
        sketch.add(image.name, "Input")
        window = {"kernel_size": 7, "stride": 2, "padding": 3}
        if side <= COARSE:
            window = {"kernel_size": 3, "padding": 1}
        sketch.add("stem", "Conv2d", out_channels=start, bias=False, **window)
        sketch.add("stem_norm", "BatchNorm2d")
        last = sketch.add("stem_relu", "ReLU")
        side = side // 2 if side > COARSE else side
        if side >= POOLED:
            last = sketch.add("stem_pool", "MaxPool2d", kernel_size=2)
            side //= 2
        channels, number = start, 1
        last = _block(sketch, "block1", last, channels)
        while side > LARGEST_MAP:
            number += 1
            side = (side + 1) // 2
            channels = min(2 * channels, 256)
            last = _block(sketch, f"block{number}", last, channels, stride=2)
        sketch.add("pool", "AdaptiveAvgPool2d", last, output_size=1)
        sketch.add("flatten", "Flatten")
        data = data.model_copy(update={"augment": data.augment or _augment(image.shape)})
        return base.project(cls, spec, data, base.headed(sketch, spec), _recipe(spec))


def _block(sketch: base.Sketch, name: str, source: str, channels: int, stride: int = 1) -> str:
    """Two convolutions beside a shortcut; of 1 × 1 where a stride changes map and channels."""
    sketch.add(
        f"{name}_conv1",
        "Conv2d",
        source,
        out_channels=channels,
        kernel_size=3,
        stride=stride,
        padding=1,
        bias=False,
    )
    sketch.add(f"{name}_norm1", "BatchNorm2d")
    sketch.add(f"{name}_relu1", "ReLU")
    sketch.add(
        f"{name}_conv2", "Conv2d", out_channels=channels, kernel_size=3, padding=1, bias=False
    )
    inner = sketch.add(f"{name}_norm2", "BatchNorm2d")
    if stride > 1:
        source = sketch.add(
            f"{name}_shortcut",
            "Conv2d",
            source,
            out_channels=channels,
            kernel_size=1,
            stride=stride,
            bias=False,
        )
    sketch.add(f"{name}_add", "Add", inner, source)
    return sketch.add(f"{name}_relu2", "ReLU")


def _augment(shape: tuple[int, ...]) -> tuple[Step, ...]:
    """Photographs may be mirrored; signs and digits may not. Both may stand a little aside."""
    channels, *sides = shape
    crop = Step.model_validate({"kind": "crop", "padding": max(1, min(sides) // 8)})
    return (Step(kind="flip"), crop) if channels == 3 else (crop,)


def _recipe(spec: "PreparedSpec") -> Recipe:
    count = base.rows(spec)
    epochs = 30 if count < 5_000 else 20
    return base.one_cycle(
        spec, epochs, 3e-3, batch=32 if count < 2_000 else 64, smoothing=0.1, weight_decay=0.01
    )
