"""Data: sources, what is in them, and tensors made ready for a model."""

from builder.data.prepare import prepare, specs
from builder.data.prepared import Prepared, open_prepared

__all__ = ["Prepared", "open_prepared", "prepare", "specs"]
