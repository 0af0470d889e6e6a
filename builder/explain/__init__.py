"""Why a model predicts what it predicts, and whether the answer can be trusted."""

import builder.explain.methods  # noqa: F401  first: below, the name becomes the function
from builder.explain.ask import ask, method, methods, unfit
from builder.explain.base import Attribution, Method, Question, complete
from builder.explain.baselines import Choice, choices
from builder.explain.channels import Channel, Channels, channels
from builder.explain.result import (
    Check,
    ColumnPart,
    Evidence,
    Explanation,
    RowExplanation,
    Trust,
)
from builder.explain.run import Asked, explain, open_subject
from builder.explain.subject import Subject
from builder.explain.warm import warm

__all__ = [
    "Asked",
    "Attribution",
    "Channel",
    "Channels",
    "Check",
    "Choice",
    "ColumnPart",
    "Evidence",
    "Explanation",
    "Method",
    "Question",
    "RowExplanation",
    "Subject",
    "Trust",
    "ask",
    "channels",
    "choices",
    "complete",
    "explain",
    "method",
    "methods",
    "open_subject",
    "unfit",
    "warm",
]
