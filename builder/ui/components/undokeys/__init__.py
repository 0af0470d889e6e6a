"""Ctrl+Z and Ctrl+Shift+Z for a page's own Undo and Redo. While something is being typed they are
the field's own; an open dialog has them to itself.
"""
