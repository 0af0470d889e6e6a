"""Convolutions over words: short phrases that tell the class."""

from typing import TYPE_CHECKING

from builder.project import Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class CnnText(base.Template):
    """Windows of 3, 4 and 5 words, the strongest answer of each (Kim, 2014, arXiv 1408.5882)."""

    name = "cnn-text"
    title = "Text by phrases"
    called = "{data} CNN"
    help = "Convolutions find telling phrases."
    data_kind = "text"

    @classmethod
    def data(cls) -> Data:
        """Short generated reviews."""
        return base.reviews()

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one text of at least five tokens."""
        if reason := base.lacks(spec, "tokens", "texts"):
            return reason
        if base.only_input(spec, "tokens").shape[0] < 5:
            return "The texts have fewer than five words. Use bag-text."
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the bag of words, which is as good and ten times cheaper."""
        return 50

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Vectors of 128 numbers; 100 filters for each width."""
        tokens = base.only_input(spec, "tokens")
        sketch = base.Sketch()
        sketch.add(tokens.name, "Input")
        sketch.add(
            "embed",
            "Embedding",
            embedding_dim=128,
            padding_idx=0,
        )
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
        sketch.add("head", "Linear", out_features=base.width(spec))
        sketch.add("output", "Output")
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            task=base.task(spec),
            recipe=base.early(spec, 15, 1e-3, 3, weight_decay=0.01),
        )
