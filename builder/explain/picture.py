"""An explanation's first row as files that leave: a picture of its map, a table of its parts."""

import csv
import io

import numpy as np
from numpy.typing import NDArray

from builder.data.runtime import spreadsheet
from builder.explain.ask import method
from builder.explain.result import Explanation, RowExplanation

FOR, AGAINST, SIZE = (196, 98, 10), (28, 92, 170), (11, 106, 108)
"""Orange speaks for, blue against; petrol where a method knows no sign."""
SIDE = 512


def image_part(row: RowExplanation) -> NDArray[np.float64] | None:
    """The part of the row's image [C, H, W]; None where it has none."""
    return next((part for part in row.attributions.values() if part.ndim == 3), None)


def png(found: Explanation, grey: NDArray[np.float64] | None = None) -> bytes | None:
    """The map over the picture `grey` [H, W] from 0 to 1; None where there is no image."""
    part = image_part(found.rows[0])
    if part is None:
        return None
    from PIL import Image

    flat = np.asarray(part.sum(0), np.float64)
    most = float(np.percentile(np.abs(flat), 99.5)) or float(np.abs(flat).max()) or 1.0
    strength = np.minimum(1.0, np.abs(flat) / most)[..., None] ** 0.8
    light = np.full(flat.shape, 0.5) if grey is None else np.clip(grey, 0, 1)
    base = (150 + 92 * light)[..., None]
    signed = method(found.method).signed
    tone = np.where(flat[..., None] >= 0, FOR, AGAINST) if signed else np.array(SIZE)
    pixels = (base + (tone - base) * strength).round().astype(np.uint8)
    times = max(1, SIDE // max(flat.shape))
    picture = Image.fromarray(pixels.repeat(times, 0).repeat(times, 1))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def table(found: Explanation) -> str:
    """The parts as CSV: a grid for an image or a series, else one line per column or word."""
    row = found.rows[0]
    grid = image_part(row)
    flat = (
        grid.sum(0)
        if grid is not None
        else next((part for part in row.attributions.values() if part.ndim == 2), None)
    )
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if flat is not None:
        writer.writerow(range(1, flat.shape[1] + 1))
        writer.writerows(flat.tolist())
        return out.getvalue()
    writer.writerow(["name", "value", "attribution"])
    for one in row.columns:
        value = one.value if isinstance(one.value, str | int | float) else ""
        writer.writerow([spreadsheet.safe(one.name), spreadsheet.safe(value), one.attribution])
    return out.getvalue()
