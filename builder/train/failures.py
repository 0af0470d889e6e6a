"""From an exception in a step to words: what happened, in which node, what to do."""

import traceback
from collections.abc import Mapping

import torch

from builder.errors import LaminaError
from builder.train.plan import Plan

MISTAKES = (RuntimeError, ValueError, TypeError, IndexError, MemoryError)
"""What PyTorch raises where a step cannot be carried out."""


class StepFailed(LaminaError):
    """A run that cannot go on; `node` is where it failed, where that is known."""

    def __init__(
        self, fact: str, *, node: str | None = None, remedy: str = "", code: str = ""
    ) -> None:
        self.node = node
        super().__init__(fact, place=f"node '{node}'" if node else "", remedy=remedy, code=code)


def node_of(error: BaseException, lines: Mapping[str, Mapping[int, str]]) -> str | None:
    """The node whose line of the model's source the error came through; the innermost one."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        node = lines.get(frame.filename, {}).get(frame.lineno or 0)
        if node:
            return node
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, on the device or beside it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "not enough memory" in text or "out of memory" in text
    )


def of_step(error: Exception, plan: Plan, step: int) -> LaminaError:
    """A LaminaError for whatever went wrong after so many steps of the plan."""
    size = plan.recipe.batch_size or 1
    return explain(error, step=step, batch_size=size, lines=plan.lines)


def explain(
    error: Exception, *, step: int, batch_size: int, lines: Mapping[str, Mapping[int, str]]
) -> LaminaError:
    """A LaminaError for whatever went wrong in a step."""
    if isinstance(error, LaminaError):
        return error
    node = node_of(error, lines)
    if out_of_memory(error):
        smaller = max(1, 1 << max(0, (batch_size // 2).bit_length() - 1))
        hint = (
            f"Set the batch size to {smaller} (it is {batch_size})."
            if smaller < batch_size
            else "Make the network smaller, or choose another device."
        )
        return StepFailed("Memory ran out.", node=node, remedy=hint, code="out_of_memory")
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    where = "The first step" if step == 0 else f"Step {step + 1}"
    return StepFailed(
        f"{where} failed: {first.rstrip('.')}.",
        node=node,
        remedy="See the run's log for the whole message.",
        code="step_failed",
    )


def not_finite(step: int, node: str | None, words: str, rate: float) -> StepFailed:
    """The loss is NaN or infinite."""
    data = words.startswith("The data")
    remedy = (
        "Look at that column on the Data page (infinite or huge values)."
        if data
        else f"Lower the learning rate (it was {rate:g}) or set clip_norm to 1, and start again."
    )
    return StepFailed(
        f"The loss is no longer a finite number at step {step}. {words}",
        node=node,
        remedy=remedy,
        code="not_finite",
    )
