"""A recurrent network that reads a series patch by patch."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

STEPS = 30  # patches that a series is cut into, at most about so many


class LstmSeries(RowTemplate):
    """An LSTM in both directions over patches: long series stay learnable, short ones whole."""

    name = "lstm-series"
    title = "Recurrent series reader"
    called = "{data} LSTM"
    help = "An LSTM reads in patches, both ways."
    data_kind = "series"
    own = base.WAVES
    least = 2
    smaller = "The series have a single step. Use mlp-classification on the columns."

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the convolutions, which are faster and mostly better."""
        return 50

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:
        """Patches so that about 30 steps remain; 64 units in each direction."""
        size = max(1, round(base.only_input(spec, "series").shape[-1] / STEPS))
        if size > 1:
            sketch.add("patches", "Patches", dimension=-1, size=size, step=size)
            sketch.add("permute", "Permute", dims=[0, 2, 1, 3])
            sketch.add("flatten", "Flatten", start_dim=2)
        else:
            sketch.add("permute", "Permute", dims=[0, 2, 1])
        sketch.add("lstm", "LSTM", hidden_size=64, bidirectional=True, output="last")
        sketch.add("dropout", "Dropout", p=0.2)

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """As for any series, with steps of bounded length."""
        return base.series_recipe(spec).model_copy(update={"clip_norm": 1.0})
