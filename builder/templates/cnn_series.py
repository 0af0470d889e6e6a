"""A convolutional network along time."""

from typing import TYPE_CHECKING

from builder.project import Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class CnnSeries(base.Template):
    """Three convolutions along time and the mean over it (Wang et al., 2016, arXiv 1611.06455)."""

    name = "cnn-series"
    title = "Series classifier"
    called = "{data} CNN"
    help = "Convolutions along time find shapes."
    data_kind = "series"

    @classmethod
    def data(cls) -> Data:
        """Waves of three shapes, generated."""
        return Data(source="generated", options={"name": "waves"}, target="target")

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one series of at least 4 steps."""
        if reason := base.lacks(spec, "series", "series"):
            return reason
        if base.only_input(spec, "series").shape[-1] < 4:
            return "The series have fewer than 4 steps. Use mlp-classification on the columns."
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for series."""
        return 60

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Kernels of 7, 5 and 3 steps; 32, 64 and 64 channels."""
        series = base.only_input(spec, "series")
        sketch = base.Sketch()
        sketch.add(series.name, "Input")
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
        sketch.add("head", "Linear", out_features=base.width(spec))
        sketch.add("output", "Output")
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            task=base.task(spec),
            recipe=base.series_recipe(spec),
        )
