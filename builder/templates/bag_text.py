"""The mean of the words' vectors: the sound first choice for short texts."""

from typing import TYPE_CHECKING

from builder.project import Recipe
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class BagText(RowTemplate):
    """An embedding bag and a linear head (Joulin et al., 2016, arXiv 1607.01759)."""

    name = "bag-text"
    title = "Text classifier"
    called = "{data} bag of words"
    help = "The mean of the words' vectors decides."
    data_kind = "text"
    own = base.REVIEWS

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for texts."""
        return 60

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:  # noqa: ARG003
        """Vectors of 64 numbers, dropout between bag and head."""
        sketch.add("bag", "EmbeddingBag", embedding_dim=64, mode="mean", padding_idx=0)
        sketch.add("dropout", "Dropout", p=0.5)

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """Until it stops getting better; a strong decay holds rare words back."""
        return base.early(spec, 40, 3e-3, 6, weight_decay=0.3)
