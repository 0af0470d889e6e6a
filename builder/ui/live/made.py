"""What a network made while it learnt, for the live view: when, and each moment's text or sheet."""

import base64
from typing import Any

from builder import runs
from builder.errors import LaminaError

COLUMNS = 16
MOST = 256
"""Images of the data beside those that were made."""


def moments(run: runs.Run) -> list[dict[str, Any]]:
    """The moments that can still be shown, oldest first: their place, step and epoch."""
    return [
        {"at": at, "step": int(entry["step"]), "epoch": int(entry.get("epoch", 0))}
        for at, entry in enumerate(run.generated())
        if "text" in entry or (run.folder / str(entry.get("file", "-"))).is_file()
    ]


def moment(run: runs.Run, at: int) -> dict[str, Any]:
    """What was made at that place: "step", and "text" with its "prompt", or "image" (a data
    address) with its "count". Raises LaminaError where it is not there any more.
    """
    found = run.generated()
    if not 0 <= at < len(found):
        raise LaminaError("Nothing was made then.", place=f"run {run.id}")
    entry = found[at]
    told: dict[str, Any] = {"step": int(entry["step"])}
    if "text" in entry:
        told |= {"prompt": str(entry.get("prompt", "")), "text": str(entry["text"])}
    images = tensors(run, entry).get("images")
    if images is not None:
        from builder.data.media import sheet

        png = base64.b64encode(sheet(images, columns=min(COLUMNS, len(images)))).decode()
        told |= {"image": f"data:image/png;base64,{png}", "count": len(images)}
    return told


def real(run: runs.Run, count: int) -> dict[str, Any]:
    """As many images of the training data as a network made, to look at beside them: "image" and
    "count". Always the same ones, from all of the split. Raises LaminaError where the run has no
    images, or its data was cleaned up.
    """
    from builder.data.media import sheet

    name = next((n for n, spec in run.spec.inputs.items() if spec.form == "image"), None)
    if name is None:
        raise LaminaError("The run looks at no images.", place=f"run {run.id}")
    known = run.prepared().tensors("train")[name]
    count = max(1, min(count, MOST, len(known)))
    images = known[:: max(1, len(known) // count)][:count]
    png = base64.b64encode(sheet(images, columns=min(COLUMNS, count))).decode()
    return {"image": f"data:image/png;base64,{png}", "count": count}


def tensors(run: runs.Run, entry: dict[str, Any]) -> dict[str, Any]:
    """The tensors beside a line; none where only the newest were kept."""
    from safetensors.torch import load_file

    path = run.folder / str(entry.get("file", ""))
    return dict(load_file(path)) if path.is_file() else {}
