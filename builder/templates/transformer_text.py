"""A small transformer encoder for texts."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class TransformerText(RowTemplate):
    """Two encoder layers and the mean over words (Vaswani et al., 2017, arXiv 1706.03762)."""

    name = "transformer-text"
    title = "Text with attention"
    called = "{data} transformer"
    help = "Every word looks at every other one."
    data_kind = "text"
    own = base.REVIEWS

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the bag of words: it wants far more texts."""
        return 40

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:  # noqa: ARG003
        """Vectors of 64 numbers, four heads, two layers that normalise first."""
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

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """Until it stops getting better, with steps of bounded length."""
        recipe = base.early(spec, 15, 1e-3, 3, weight_decay=0.01)
        return recipe.model_copy(update={"clip_norm": 1.0})
