"""Overfitting: a network that learns its rows by heart."""

from builder.graph import edit
from builder.project import Optimizer, Project, Schedule
from builder.ui.lessons.base import Lesson, Step

WIDTH = 256


class ByHeart(Lesson):
    """Few patients, many weights, and nothing that holds them back."""

    name = "by-heart"
    title = "When it learns by heart"
    minutes = 4
    place = 4
    steps = (
        Step(
            "train",
            "This network has far more weights than there are patients. "
            "Press Train and watch the two lines of the loss.",
        ),
        Step(
            "train",
            "Blue falls and falls, orange turns up again. From there on it learns the rows by "
            "heart instead of the rule behind them.",
        ),
        Step(
            "build",
            "Two remedies: set out_features of both dense layers from 256 to 16, "
            "and drag Dropout onto the line behind each ReLU.",
        ),
        Step(
            "train",
            "Press Change the recipe (early stopping there ends at the turn), then Train. "
            "Runs lays both curves over each other.",
        ),
    )

    @classmethod
    def project(cls) -> Project:
        """The template for numbers from a table: wide, without dropout, for long."""
        from builder import templates

        made = templates.make("mlp-regression")
        graph = made.graph
        drops = [node.id for node in graph.nodes if node.layer == "Dropout"]
        graph = edit.remove(graph, drops, heal=True)
        for node in graph.nodes:
            if node.layer == "Linear" and node.id != "head":
                graph = edit.set_params(graph, node.id, {"out_features": WIDTH})
        recipe = made.recipe.model_copy(
            update={
                "epochs": 120,
                "optimizer": Optimizer(name="AdamW", lr=0.002),
                "schedule": Schedule(),
                "early_stopping": None,
            }
        )
        graphs = {**made.graphs, "model": graph}
        return made.model_copy(update={"name": cls.title, "graphs": graphs, "recipe": recipe})
