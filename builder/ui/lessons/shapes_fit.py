"""Shapes: why two layers do not fit, and what makes them fit."""

from builder.graph import edit
from builder.project import Project
from builder.ui.lessons.base import Lesson, Step


class ShapesFit(Lesson):
    """A network for digits from which one layer was taken out."""

    name = "shapes-fit"
    title = "Why the shapes must fit"
    minutes = 3
    place = 2
    steps = (
        Step(
            "build",
            "One layer is missing: a picture (three numbers such as 64×4×4) reaches a layer that "
            "wants a plain list. Read the message at the red box.",
        ),
        Step(
            "build",
            "Press the button in the message. It puts Flatten in, which lays the picture out as "
            "a list; every box below knows its shape again.",
        ),
        Step(
            "build",
            "Now break it yourself: click conv1 and set kernel_size to 12. A window of 12 does not "
            "fit into a picture of 8. What does the message propose?",
        ),
        Step(
            "build",
            "Press Ctrl+Z until all is well, as often as you like. "
            "The source at the right shows the same network as PyTorch.",
        ),
    )

    @classmethod
    def project(cls) -> Project:
        """The image template without its Flatten."""
        from builder import templates

        made = templates.make("cnn")
        gone = [node.id for node in made.graph.nodes if node.layer == "Flatten"]
        graphs = {**made.graphs, "model": edit.remove(made.graph, gone, heal=True)}
        return made.model_copy(update={"name": cls.title, "graphs": graphs})
