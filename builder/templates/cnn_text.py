"""Convolutions over words: short phrases that tell the class."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class CnnText(RowTemplate):
    """Windows of 3, 4 and 5 words, the strongest answer of each (Kim, 2014, arXiv 1408.5882)."""

    name = "cnn-text"
    title = "Text by phrases"
    called = "{data} CNN"
    help = "Convolutions find telling phrases."
    data_kind = "text"
    own = base.REVIEWS
    least = 5
    smaller = "The texts have fewer than five words. Use bag-text."

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the bag of words, which is as good and ten times cheaper."""
        return 50

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:  # noqa: ARG003
        """Vectors of 128 numbers; 100 filters for each width."""
        sketch.add("embed", "Embedding", embedding_dim=128, padding_idx=0)
        sketch.add("embed_dropout", "Dropout", p=0.5)
        words = sketch.add("permute", "Permute", dims=[0, 2, 1])
        ends = []
        for width in (3, 4, 5):
            sketch.add(f"conv{width}", "Conv1d", words, out_channels=100, kernel_size=width)
            sketch.add(f"relu{width}", "ReLU")
            sketch.add(f"pool{width}", "AdaptiveMaxPool1d", output_size=1)
            ends.append(sketch.add(f"flatten{width}", "Flatten"))
        sketch.add("concat", "Concat", *ends)
        sketch.add("dropout", "Dropout", p=0.5)

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """Until it stops getting better."""
        return base.early(spec, 15, 1e-3, 3, weight_decay=0.01)
