"""A small GPT that learns to write."""

from typing import TYPE_CHECKING

from builder.graph.spec import Graph
from builder.project import Data, Optimizer, Project, Recipe, Schedule, Step, TaskChoice
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

WIDTH, HEADS, LAYERS = 128, 4, 4
STEPS, EPOCHS = 480, 8


class LanguageModelTemplate(base.Template):
    """Blocks that normalise first (Radford et al. 2019), one user module used four times."""

    name = "language-model"
    title = "Small GPT"
    called = "Small GPT on the {data}"
    help = "Learns to go on writing a text."
    data_kind = "text"
    tasks = ("language_model",)
    reads = "long_text"
    prepare = (Step(kind="tokens", level="character", lower=False, min_count=1),)

    @classmethod
    def data(cls) -> Data:
        """Python's own language reference."""
        return Data(source="bundled_text", options={"name": "python_reference"})

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one text and nothing to predict beside it."""
        forms = [item.form for item in spec.inputs.values()]
        if forms != ["tokens"]:
            found = ", ".join(sorted(set(forms))) or "nothing"
            return (
                f"It needs one long text; this data gives {found}. "
                "Choose a template for that kind of data."
            )
        if spec.target is not None:
            return (
                "It writes text, and this data has a target to predict. "
                "Choose a text classifier, or bring one long text."
            )
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """The only one for a text without a target."""
        return 50

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Four blocks of four heads, 128 wide; 3,840 steps of 32 windows."""
        text = base.only_input(spec, "tokens")
        sketch = base.Sketch()
        sketch.add(text.name, "Input")
        sketch.add("embed", "Embedding", embedding_dim=WIDTH, init="normal")
        sketch.add("position", "LearnedPositionalEncoding")
        for index in range(1, LAYERS + 1):
            sketch.add(f"block{index}", "Block")
        sketch.add("norm", "LayerNorm")
        sketch.add("head", "Linear", out_features=text.cardinality)
        sketch.add("output", "Output")
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": sketch.graph()},
            modules={"Block": _block(), "FeedForward": _feed_forward()},
            task=TaskChoice(kind="language_model", options={"steps_per_epoch": STEPS}),
            recipe=Recipe(
                epochs=EPOCHS,
                batch_size=32,
                optimizer=Optimizer(name="AdamW", lr=3e-3),
                schedule=Schedule(name="onecycle", warmup=0.1),
            ),
        )


def _block() -> Graph:
    """Attention, then a small network for each step; each added to what came in."""
    sketch = base.Sketch()
    sketch.add("x", "Input")
    sketch.add("norm1", "LayerNorm")
    sketch.add("attention", "CausalSelfAttention", num_heads=HEADS)
    sketch.add("add1", "Add", "x", "attention")
    sketch.add("norm2", "LayerNorm")
    sketch.add("feed_forward", "FeedForward")
    sketch.add("add2", "Add", "add1", "feed_forward")
    sketch.add("out", "Output")
    return sketch.graph()


def _feed_forward() -> Graph:
    sketch = base.Sketch()
    sketch.add("x", "Input")
    sketch.add("widen", "Linear", out_features=4 * WIDTH)
    sketch.add("gelu", "GELU")
    sketch.add("narrow", "Linear", out_features=WIDTH)
    sketch.add("out", "Output")
    return sketch.graph()
