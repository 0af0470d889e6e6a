"""Lamina: a visual builder of neural networks. See docs/architecture.md for the map."""

__version__ = "0.1.0"
