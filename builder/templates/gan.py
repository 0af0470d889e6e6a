"""Two networks that learn against each other to make images."""

from typing import TYPE_CHECKING

from builder.graph.spec import Graph
from builder.project import Average, Data, Optimizer, Project, Recipe, Schedule, TaskChoice
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

NOISE = 16
SMALL = 16
"""Below so many pixels a side, networks may be wide without taking long."""
HIDDEN = 256
"""Units that see the whole image at once: without them both networks know strokes and not digits.
"""
STEPS = 3_000
"""About so many updates of each network make digits that can be recognised."""
MOST_EPOCHS = 100
"""Seen more often, few images are learnt by heart by the discriminator, and what is made grows
less varied.
"""
FORGET = 0.4
"""Share of what the discriminator knows of an image that is left out at each step: without it, it
learns few images by heart, and what is made grows worse long before the end (docs/benchmarks.md).
"""


class GanTemplate(base.Template):
    """Convolutions both ways, after Radford et al. 2016 (arXiv:1511.06434), and a hidden layer for
    the image as a whole, as InfoGAN has for digits (Chen et al. 2016, arXiv:1606.03657).
    """

    name = "gan"
    title = "Image maker (GAN)"
    called = "{data} GAN"
    help = "Two networks that compete."
    data_kind = "image"
    tasks = ("gan",)

    @classmethod
    def data(cls) -> Data:
        """Handwritten digits of 8 × 8 pixels, bundled with scikit-learn."""
        return Data(source="sklearn", options={"name": "digits"}, target="target")

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs images of at least 8 × 8 and at most 64 × 64 pixels."""
        forms = [item.form for item in spec.inputs.values()]
        if forms != ["image"]:
            found = ", ".join(sorted(set(forms))) or "nothing"
            return (
                f"It needs images; this data gives {found}. "
                "Choose a template for that kind of data."
            )
        sides = base.only_input(spec, "image").shape[1:]
        if min(sides) < 8:
            return "The images are smaller than 8 × 8 pixels. Bring larger ones."
        if max(sides) > 64:
            return (
                "The images are larger than 64 × 64 pixels, more than this small GAN can make. "
                "Make them smaller on the Data page."
            )
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """Never the first choice where there is something to predict."""
        return 5

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Twice as large twice, and twice as small twice; Adam with a short memory for each, the
        discriminator's steps longer (Heusel et al. 2017, arXiv:1706.08500).
        """
        image = base.only_input(spec, "image")
        batch = 64
        steps = max(1, -(-base.rows(spec) // batch))
        adam = {"name": "Adam", "betas": [0.5, 0.999]}
        return Project(
            name=cls.name,
            data=data,
            graphs={
                "generator": _generator(image.shape),
                "discriminator": _discriminator(image.name, small=max(image.shape[1:]) < SMALL),
            },
            task=TaskChoice(kind="gan"),
            recipe=Recipe(
                epochs=max(10, min(MOST_EPOCHS, round(STEPS / steps))),
                batch_size=batch,
                optimizers={
                    "generator": Optimizer.model_validate({**adam, "lr": 1e-3}),
                    "discriminator": Optimizer.model_validate({**adam, "lr": 2e-3}),
                },
                schedule=Schedule(name="cosine"),
                average=Average(kind="ema", decay=0.995),
                monitor="validation_fid",
            ),
        )


def _generator(shape: tuple[int, ...]) -> Graph:
    channels, height, width = shape
    low = (-(-height // 4), -(-width // 4))
    middle = (-(-height // 2), -(-width // 2))
    sketch = base.Sketch()
    sketch.add("noise", "Input", shape=[NOISE], form="vector")
    sketch.add("hidden", "Linear", out_features=HIDDEN, bias=False)
    sketch.add("norm", "BatchNorm1d")
    sketch.add("relu", "ReLU")
    sketch.add("dense", "Linear", out_features=64 * low[0] * low[1], bias=False)
    sketch.add("norm0", "BatchNorm1d")
    sketch.add("relu0", "ReLU")
    sketch.add("unflatten", "Unflatten", dim=1, unflattened_size=[64, *low])
    widths = (64, 32) if max(height, width) < SMALL else (32, 16)
    sizes = (middle, (height, width))
    for stage, (size, wide) in enumerate(zip(sizes, widths, strict=True), start=1):
        sketch.add(f"up{stage}", "Upsample", size=list(size))
        sketch.add(
            f"conv{stage}", "Conv2d", out_channels=wide, kernel_size=3, padding=1, bias=False
        )
        sketch.add(f"norm{stage}", "BatchNorm2d")
        sketch.add(f"relu{stage}", "ReLU")
    sketch.add("draw", "Conv2d", out_channels=channels, kernel_size=3, padding=1)
    sketch.add("tanh", "Tanh")
    sketch.add("output", "Output")
    return sketch.graph()


def _discriminator(name: str, *, small: bool) -> Graph:
    stages = ((64, 1), (128, 2), (128, 2)) if small else ((32, 2), (64, 2), (128, 2))
    sketch = base.Sketch()
    sketch.add(name, "Input")
    for stage, (wide, stride) in enumerate(stages, start=1):
        sketch.add(
            f"conv{stage}", "Conv2d", out_channels=wide, kernel_size=3, stride=stride, padding=1
        )
        sketch.add(f"leaky{stage}", "LeakyReLU", negative_slope=0.2)
    sketch.add("flatten", "Flatten")
    sketch.add("hidden", "Linear", out_features=HIDDEN)
    sketch.add("leaky", "LeakyReLU", negative_slope=0.2)
    sketch.add("dropout", "Dropout", p=FORGET)
    sketch.add("score", "Linear", out_features=1)
    sketch.add("output", "Output")
    return sketch.graph()
