"""Explanations: what a network looked at, and whether to believe the map."""

from builder.project import Project
from builder.ui.lessons.base import Lesson, Step


class LookedAt(Lesson):
    """A network for digits, asked for its reasons."""

    name = "looked-at"
    title = "What did it look at?"
    minutes = 5
    place = 5
    steps = (
        Step(
            "train",
            "First it must learn: press Train and wait until the run has finished, "
            "half a minute or so.",
        ),
        Step(
            "explain",
            "Choose a digit. The maps mark the pixels that made the network decide for its "
            "answer, each found in another way.",
        ),
        Step(
            "explain",
            "Read the verdict above each map first. Where a map is no better than chance, "
            "do not believe it, however good it looks.",
        ),
        Step(
            "evaluate",
            "Click a cell beside the diagonal and open one of its mistakes in Explain. "
            "Which strokes misled the network?",
        ),
    )

    @classmethod
    def project(cls) -> Project:
        """The image template on its own digits."""
        from builder import templates

        return templates.make("cnn").model_copy(update={"name": cls.title})
