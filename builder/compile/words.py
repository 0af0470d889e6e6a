"""Mistakes in a beginner's words: title, reason, and the table of shapes that disagree."""

from builder.compile.repair.scene import Fault, Scene
from builder.compile.types import Fix, Issue
from builder.layers.base import Shape


def issue(scene: Scene, fault: Fault, fixes: tuple[Fix, ...]) -> Issue:
    """The issue that shows a fault."""
    return Issue(
        node=fault.node,
        code=fault.code,
        severity="error",
        title=f"{fault.node or 'graph'}: {fault.code}",
        message=fault.error.message,
        fixes=fixes,
    )


def axis_names(shape: Shape) -> tuple[str, ...]:
    """What the axes of a shape usually are."""
    return ("features",)
