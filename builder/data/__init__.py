"""Data: sources, what is in them, and tensors made ready for a model."""

from builder.data.overview import SEVERITY, Overview, edit, inspect, share_out, suggest
from builder.data.prepare import prepare, specs
from builder.data.prepared import Prepared, open_prepared
from builder.data.read import catalogue, read
from builder.data.recognise import recognise
from builder.data.renaming import rename
from builder.data.stale import stale_inputs
from builder.data.store import hold, release

__all__ = [
    "SEVERITY",
    "Overview",
    "Prepared",
    "catalogue",
    "edit",
    "hold",
    "inspect",
    "open_prepared",
    "prepare",
    "read",
    "recognise",
    "release",
    "rename",
    "share_out",
    "specs",
    "stale_inputs",
    "suggest",
]
