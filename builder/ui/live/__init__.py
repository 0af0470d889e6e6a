"""The live view of a run: its head (progress, steering) and its body (curves, samples, log)."""

from builder.ui.live.component import live

__all__ = ["live"]
