"""What a finder may be asked for, and whom it tells; without torch, so that it is judged first."""

from builder.errors import LaminaError


def check_steps(steps: int) -> None:
    """Raise LaminaError for a number of steps that no search can have."""
    if not 10 <= steps <= 10_000:
        raise LaminaError(
            f"{steps:,} steps are not possible.", place="steps", remedy="Give 10 to 10,000."
        )


def check_seconds(seconds: float) -> None:
    """Raise LaminaError for a time that no search can have."""
    if not 0 < seconds <= 86_400:
        raise LaminaError(
            f"{seconds:g} seconds are not possible.",
            place="seconds",
            remedy="Give a number above 0, up to 86,400 (a day).",
        )
