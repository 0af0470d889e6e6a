"""What a lesson declares."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from builder.project import Project


@dataclass(frozen=True)
class Step:
    """One thing to try: the page on which it is done, and what to do there in a line or two."""

    page: str
    text: str


class Lesson(ABC):
    """A ready project with a few things to try on it, in words that need no other lesson."""

    name: ClassVar[str]
    title: ClassVar[str]
    minutes: ClassVar[int]
    place: ClassVar[int]  # order on the first page
    steps: ClassVar[tuple[Step, ...]]

    @classmethod
    @abstractmethod
    def project(cls) -> Project:
        """The project to try it on; its data is prepared where that has not been done."""
