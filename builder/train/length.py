"""How long a run is in steps, and whether that can be enough; without torch."""

import math
from collections.abc import Sequence

SHORT, USUAL = 300, 1_000
"""Steps under which a whole run is very short, and about which small data is given."""
MOST = 100_000


def enough_epochs(steps_per_epoch: float) -> int:
    """Epochs for about 1,000 steps, as a round number."""
    wanted = min(MOST, math.ceil(USUAL / max(steps_per_epoch, 1.0)))
    return _round(wanted, (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10))


def _round(wanted: int, digits: Sequence[float]) -> int:
    if wanted <= 10:
        return wanted
    power = 10 ** (len(str(wanted)) - 1)
    return min((round(digit * power) for digit in digits), key=lambda n: abs(n - wanted))
