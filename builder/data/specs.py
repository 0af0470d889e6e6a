"""What prepared data looks like: plain, frozen, written into the prepared folder and into every run
and export."""

from typing import Literal

from builder.project import Strict


class InputSpec(Strict):
    """One Input node's data. `shape` is what the model gets, without the batch axis.

    vector: [F] float32, standardised numbers and one-hot columns · codes: [C] int64, one code per
    categorical column, offset so that a single Embedding(cardinality, d) serves all columns ·
    image: [C, H, W], stored uint8, becomes (x / 255 - mean) / std on the device · tokens: [T]
    int64, 0 pads, 1 is unknown · series: [C, T] float32.
    """

    name: str
    form: Literal["vector", "codes", "image", "tokens", "series"]
    shape: tuple[int, ...]
    stored: Literal["uint8", "float32", "int64", "int32"]
    features: tuple[
        str, ...
    ] = ()  # per element of a vector or codes ("sex=female"), per channel otherwise
    origins: tuple[
        str, ...
    ] = ()  # the column that each feature came from, so that one-hot groups stay together
    cardinality: int = 0  # codes and tokens: how many different values
    mean: tuple[float, ...] = ()  # image: per channel, after division by 255
    std: tuple[float, ...] = ()

    @property
    def dtype(self) -> Literal["float", "int"]:
        """What the model receives."""
        return "int" if self.form in ("codes", "tokens") else "float"


class TargetSpec(Strict):
    """What is predicted. Classes are stored as int64 codes into `classes`; numbers as float32 in
    their own unit.

    `mean` and `std` come from the training split: regression learns (y - mean) / std and reports in
    y's unit.
    """

    name: str
    kind: Literal["class", "number"]
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()  # rows per class in the training split
    mean: float = 0.0
    std: float = 1.0


class PreparedSpec(Strict):
    """The head of a prepared folder (spec.json)."""

    key: str
    inputs: dict[str, InputSpec]
    target: TargetSpec | None
    sizes: dict[str, int]  # rows per split: train, validation, test
    notes: tuple[str, ...] = ()  # what preparation did, in sentences, shown to the user
