"""What an export format declares, and the bundle that it writes: everything a prediction needs."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Bundle:
    """One checkpoint of a run: source, weights, fitted preparation, and how to read its outputs."""

    run: str
    name: str
    checkpoint: str
    source: str  # Python text of the network
    weights: "Mapping[str, Tensor]"
    preparation: Mapping[str, Any]  # JSON
    facts: Mapping[str, Any]  # JSON; see portable/predictor.py
    figures: Mapping[str, float]  # of the checkpoint
    explanations: Mapping[str, bytes] = field(default_factory=dict)  # kept ones: path → content

    def facts_text(self) -> str:
        """The facts as JSON text."""
        return json.dumps(self.facts, ensure_ascii=False, indent=1) + "\n"


class Format(ABC):
    """One kind of artefact; one file in builder/export/formats, found by scan."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]  # one sentence: for whom
    folder: ClassVar[bool]  # whether it writes a folder, else one file
    suffix: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def unfit(cls, bundle: Bundle) -> str | None:
        """Why this bundle cannot be written so, with a remedy; None where it can."""

    @abstractmethod
    def write(self, bundle: Bundle, path: Path) -> None:
        """Write the artefact to a path that does not exist yet, in an existing folder."""
