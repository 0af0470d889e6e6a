"""The bar of the split: how the rows are shared out, changed by dragging its two handles or by the
arrow keys.
"""

from collections.abc import Mapping

from builder.ui.components import plain

MOST = 0.8
"""The largest share that may be kept from training."""


def splitbar(
    key: str, sizes: Mapping[str, int], shares: tuple[float, float], *, movable: bool
) -> tuple[float, float] | None:
    """Draw the bar; gives the new shares (validation, test) where a person just moved a handle.

    `sizes` are the rows of train, validation and test; `shares` what the project asks for. A bar
    that is not `movable` (the data comes split) has no handles.
    """
    result = plain.mount("splitbar")(
        key=key,
        data={
            "sizes": [int(sizes.get(name, 0)) for name in ("train", "validation", "test")],
            "shares": [float(share) for share in shares],
            "movable": movable,
            "most": MOST,
        },
        on_change_change=plain.nothing,
    )
    return checked(result.get("change"))


def checked(change: object) -> tuple[float, float] | None:
    """The shares as the browser sent them, if they can be: none below 0, both together at most
    `MOST`.
    """
    if not isinstance(change, Mapping):
        return None
    validation, test = change.get("validation"), change.get("test")
    if not isinstance(validation, int | float) or not isinstance(test, int | float):
        return None
    if not (validation >= 0 and test >= 0 and validation + test <= MOST + 1e-9):
        return None
    return round(validation, 3), round(test, 3)
