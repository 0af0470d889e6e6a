"""The mean of the words' vectors: the sound first choice for short texts."""

from typing import TYPE_CHECKING

from builder.project import Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class BagText(base.Template):
    """An embedding bag and a linear head (Joulin et al., 2016, arXiv 1607.01759)."""

    name = "bag-text"
    title = "Text classifier"
    called = "{data} bag of words"
    help = "The mean of the words' vectors decides."
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
        """First choice for texts."""
        return 60

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Vectors of 64 numbers, dropout between bag and head."""
        tokens = base.only_input(spec, "tokens")
        sketch = base.Sketch()
        sketch.add(tokens.name, "Input")
        sketch.add(
            "bag",
            "EmbeddingBag",
            embedding_dim=64,
            mode="mean",
            padding_idx=0,
        )
        sketch.add("dropout", "Dropout", p=0.5)
        sketch.add("head", "Linear", out_features=base.width(spec))
        sketch.add("output", "Output")
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            task=base.task(spec),
            recipe=base.early(spec, 40, 3e-3, 6, weight_decay=0.3),
        )
