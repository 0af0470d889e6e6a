"""The table that is the form: a component whose column heads carry role, type, histogram and
gaps.
"""

from builder.ui.components.table.component import Change, show

__all__ = ["Change", "show"]
