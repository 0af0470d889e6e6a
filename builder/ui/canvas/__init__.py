"""The canvas: the editor of the Build page, and its nodes as a read-only strip for others."""

from builder.ui.canvas.component import editor, graph_strip

__all__ = ["editor", "graph_strip"]
