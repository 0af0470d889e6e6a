"""From a graph to shapes, issues with repairs, readable source and live modules.

torch is imported when it is needed.
"""

from typing import TYPE_CHECKING, Any

from builder.compile.check import check, fix
from builder.compile.source import generate
from builder.compile.types import Check, Fix, Issue, NodeInfo, Source

if TYPE_CHECKING:
    from builder.compile.module import build, inputs_of, load_module, node_of

__all__ = [
    "Check",
    "Fix",
    "Issue",
    "NodeInfo",
    "Source",
    "build",
    "check",
    "fix",
    "generate",
    "inputs_of",
    "load_module",
    "node_of",
]

_WITH_TORCH = ("build", "inputs_of", "load_module", "node_of")


def __getattr__(name: str) -> Any:
    """Import what needs torch on first use (PEP 562)."""
    if name in _WITH_TORCH:
        from builder.compile import module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
