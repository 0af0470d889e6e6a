"""How a column writes its dates and times: the formats that read them."""

from collections.abc import Sequence
from datetime import datetime

DAY_FORMS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d. %B %Y",
    "%a, %d %b %Y",
    "%A, %d %B %Y",
    "%A, %B %d, %Y",
    "%Y-%b-%d",
    "%Y.%m.%d",
)
TIME_FORMS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H:%M:%S.%f")
MONTH_FORMS = ("%Y-%m", "%Y/%m", "%b %Y", "%B %Y", "%b-%Y", "%m/%Y", "%m.%Y", "%b-%y", "%Y %b")
"""Months without a day: the first of the month is meant."""


def guess(sample: Sequence[str], first: str, enough: float) -> tuple[str, ...] | None:
    """The strptime formats that read the sample beside ISO 8601, the commonest first; None where
    less than the share `enough` of it would be read. `first` is a format to try first.

    Where day and month could be either, the order that reads more cells wins, and day before month
    on a draw.
    """
    left = [word for word in sample if not _iso(word)]
    chosen: list[str] = [first] if first else []
    left = [word for word in left if not _reads(word, chosen)]
    candidates = [*(day + time for day in DAY_FORMS for time in TIME_FORMS), *MONTH_FORMS]
    while len(left) > (1 - enough) * len(sample) and len(chosen) < 6:
        hits = {form: sum(_reads(word, (form,)) for word in left) for form in candidates}
        best = max(hits, key=lambda form: hits[form])  # the earlier candidate on a draw
        if hits[best] == 0:
            return None
        chosen.append(best)
        left = [word for word in left if not _reads(word, (best,))]
    return tuple(chosen) if len(left) <= (1 - enough) * len(sample) else None


def _reads(word: str, forms: Sequence[str]) -> bool:
    for form in forms:
        try:
            datetime.strptime(word, form)
        except ValueError:
            continue
        return True
    return False


def _iso(word: str) -> bool:
    if "-" not in word or len(word) < 10:
        return False
    try:
        datetime.fromisoformat(word)
    except ValueError:
        return False
    return True
