"""Leave with what was learnt: artefacts of a run, and predictions for new input."""

from builder.export.artefacts import bundle, export, formats, what_it_makes
from builder.export.base import Bundle, Format
from builder.export.formats.python import COMMANDS, example, needs
from builder.export.predictions import Predictions, predict, predictor

__all__ = [
    "COMMANDS",
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
    "what_it_makes",
]
