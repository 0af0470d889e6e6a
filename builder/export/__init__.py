"""Leave with what was learnt: artefacts of a run, and predictions for new input."""

from builder.export.artefacts import bundle, export, formats
from builder.export.base import Bundle, Format
from builder.export.formats.python import example, needs
from builder.export.predictions import Predictions, predict, predictor

__all__ = [
    "Bundle",
    "Format",
    "Predictions",
    "bundle",
    "example",
    "export",
    "formats",
    "needs",
    "predict",
    "predictor",
]
