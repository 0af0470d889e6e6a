"""The first lesson: layers, training, and what came of it."""

from builder.project import Project
from builder.ui.lessons.base import Lesson, Step


class FirstNetwork(Lesson):
    """A small network on a table, from its layers to its mistakes."""

    name = "first-network"
    title = "A first network"
    minutes = 4
    place = 1
    steps = (
        Step(
            "build",
            "Each box is a layer. Numbers go in at the top, the answer comes out at the bottom. "
            "Click dense1: the right side explains its settings.",
        ),
        Step(
            "build",
            "Set out_features of dense1 to 32. The shapes below follow at once. "
            "Ctrl+Z takes it back; nothing can break.",
        ),
        Step(
            "train",
            "Press Train. Loss says how wrong the network is: blue on rows it learns from, "
            "orange on rows it has not seen. Both should fall.",
        ),
        Step(
            "evaluate",
            "Each cell counts rows: the true class against the answer. "
            "Click a cell beside the diagonal to see the mistakes.",
        ),
    )

    @classmethod
    def project(cls) -> Project:
        """The table template on its own data."""
        from builder import templates

        made = templates.make("mlp-classification")
        return made.model_copy(update={"name": cls.title})
