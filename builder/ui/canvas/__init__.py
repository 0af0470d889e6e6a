"""The canvas: the editor of the Build page, and the same nodes as a read-only strip for other pages."""

from builder.ui.canvas.component import editor, graph_strip

__all__ = ["editor", "graph_strip"]
