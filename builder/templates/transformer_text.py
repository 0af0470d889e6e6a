"""A small transformer encoder for texts."""

from typing import TYPE_CHECKING

from builder.project import Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class TransformerText(base.Template):
    """Two encoder layers and the mean over words (Vaswani et al., 2017, arXiv 1706.03762)."""

    name = "transformer-text"
    title = "Text with attention"
    called = "{data} transformer"
    help = "Every word looks at every other one."
    data_kind = "text"

    @classmethod
    def data(cls) -> Data:
        """Short generated reviews."""
        return base.reviews()

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one text."""
        return base.lacks(spec, "tokens", "texts")

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the bag of words: it wants far more texts."""
        return 40

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Vectors of 64 numbers, four heads, two layers that normalise first."""
        tokens = base.only_input(spec, "tokens")
        sketch = base.Sketch()
        sketch.add(tokens.name, "Input")
        sketch.add("embed", "Embedding", embedding_dim=64, padding_idx=0)
        sketch.add("position", "LearnedPositionalEncoding")
        sketch.add("embed_dropout", "Dropout", p=0.3)
        for index in (1, 2):
            sketch.add(
                f"encoder{index}",
                "TransformerEncoderLayer",
                nhead=4,
                dim_feedforward=128,
                dropout=0.2,
                norm_first=True,
            )
        sketch.add("mean", "Mean", dim=1)
        sketch.add("dropout", "Dropout", p=0.3)
        sketch.add("head", "Linear", out_features=base.width(spec))
        sketch.add("output", "Output")
        recipe = base.early(spec, 15, 1e-3, 3, weight_decay=0.01)
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            task=base.task(spec),
            recipe=recipe.model_copy(update={"clip_norm": 1.0}),
        )
