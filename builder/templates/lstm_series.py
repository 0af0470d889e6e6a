"""A recurrent network that reads a series patch by patch."""

from typing import TYPE_CHECKING

from builder.project import Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

STEPS = 30  # patches that a series is cut into, at most about so many


class LstmSeries(base.Template):
    """An LSTM in both directions over patches: long series stay learnable, short ones whole."""

    name = "lstm-series"
    title = "Recurrent series reader"
    called = "{data} LSTM"
    help = "An LSTM reads in patches, both ways."
    data_kind = "series"

    @classmethod
    def data(cls) -> Data:
        """Waves of three shapes, generated."""
        return Data(source="generated", options={"name": "waves"}, target="target")

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one series of at least 2 steps."""
        if reason := base.lacks(spec, "series", "series"):
            return reason
        if base.only_input(spec, "series").shape[-1] < 2:
            return "The series have a single step. Use mlp-classification on the columns."
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the convolutions, which are faster and mostly better."""
        return 50

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Patches so that about 30 steps remain; 64 units in each direction."""
        series = base.only_input(spec, "series")
        size = max(1, round(series.shape[-1] / STEPS))
        sketch = base.Sketch()
        sketch.add(series.name, "Input")
        if size > 1:
            sketch.add("patches", "Patches", dimension=-1, size=size, step=size)
            sketch.add("permute", "Permute", dims=[0, 2, 1, 3])
            sketch.add("flatten", "Flatten", start_dim=2)
        else:
            sketch.add("permute", "Permute", dims=[0, 2, 1])
        sketch.add("lstm", "LSTM", hidden_size=64, bidirectional=True, output="last")
        sketch.add("dropout", "Dropout", p=0.2)
        sketch.add("head", "Linear", out_features=base.width(spec))
        sketch.add("output", "Output")
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            task=base.task(spec),
            recipe=base.series_recipe(spec).model_copy(update={"clip_norm": 1.0}),
        )
