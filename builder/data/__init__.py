"""Data: sources, what is in them, and tensors made ready for a model."""

from builder.data.prepare import prepare, specs
from builder.data.prepared import Prepared, open_prepared
from builder.data.read import catalogue, read

__all__ = ["Prepared", "catalogue", "open_prepared", "prepare", "read", "specs"]
