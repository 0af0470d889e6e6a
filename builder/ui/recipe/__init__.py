"""The recipe as a form: few fields first, the rest folded, each with what it does and why."""

from builder.ui.recipe.form import Form

__all__ = ["Form"]
