"""The learning rate, by turning it while a network learns."""

from builder.project import Optimizer, Project, Schedule
from builder.ui.lessons.base import Lesson, Step


class LearningRate(Lesson):
    """A network for digits that learns long enough to be steered."""

    name = "learning-rate"
    title = "What the learning rate does"
    minutes = 3
    place = 3
    steps = (
        Step(
            "train",
            "The learning rate is the size of each step that the weights take. "
            "Press Train and let the loss fall for a few epochs.",
        ),
        Step(
            "train",
            "While it runs, type 0.05 as the learning rate and press Set. The loss jumps: steps "
            "that large leap over every good place.",
        ),
        Step(
            "train",
            "Set 0.001 again. It recovers. Now 0.000001: safe, but it hardly moves. "
            "The strip above shows how much each layer changes per step.",
        ),
    )

    @classmethod
    def project(cls) -> Project:
        """The image template at one learning rate throughout, for many epochs."""
        from builder import templates

        made = templates.make("cnn")
        recipe = made.recipe.model_copy(
            update={
                "epochs": 200,
                "optimizer": Optimizer(name="AdamW", lr=0.001),
                "schedule": Schedule(),
                "label_smoothing": 0.0,
            }
        )
        return made.model_copy(update={"name": cls.title, "recipe": recipe})
