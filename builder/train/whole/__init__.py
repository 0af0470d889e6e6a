"""A whole step (forward, loss, backward, update, gradient norm; several of them per call) as one
compiled function: traced and built beside the training by a process of its own, tried there against
the eager step, and taken over by the run at a checkpoint only where it wins and agrees.
"""

from builder.train.whole.artefact import Facts, Workshop
from builder.train.whole.eligible import compiler, unfit
from builder.train.whole.graphed import Graphed, trial
from builder.train.whole.runtime import Whole

__all__ = ["Facts", "Graphed", "Whole", "Workshop", "compiler", "trial", "unfit"]
