"""A convolutional network along time."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class CnnSeries(RowTemplate):
    """Three convolutions along time and the mean over it (Wang et al., 2016, arXiv 1611.06455)."""

    name = "cnn-series"
    title = "Series classifier"
    called = "{data} CNN"
    help = "Convolutions along time find shapes."
    data_kind = "series"
    own = base.WAVES
    least = 4
    smaller = "The series have fewer than 4 steps. Use mlp-classification on the columns."

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for series."""
        return 60

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:  # noqa: ARG003
        """Kernels of 7, 5 and 3 steps; 32, 64 and 64 channels."""
        for index, (channels, kernel) in enumerate(((32, 7), (64, 5), (64, 3)), start=1):
            sketch.add(
                f"conv{index}",
                "Conv1d",
                out_channels=channels,
                kernel_size=kernel,
                padding=kernel // 2,
                bias=False,
            )
            sketch.add(f"norm{index}", "BatchNorm1d")
            sketch.add(f"relu{index}", "ReLU")
        sketch.add("pool", "AdaptiveAvgPool1d", output_size=1)
        sketch.add("flatten", "Flatten")

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """As for any series."""
        return base.series_recipe(spec)
