"""What a person sees when something is wrong: the fact, the place, the remedy."""


class LaminaError(ValueError):
    """A mistake that the user can mend; shown as a sentence, never as a traceback.

    `fact` says what is wrong ("Row 12 has 9 cells, the header has 8."), `place` where (a file and
    line, a node, a field of the project), `remedy` what to do next ("Remove the extra cell or set
    another separator.").
    """

    def __init__(self, fact: str, *, place: str = "", remedy: str = "", code: str = "") -> None:
        self.fact = fact
        self.place = place
        self.remedy = remedy
        self.code = code
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.place}: {self.fact}" if self.place else self.fact
        return f"{head} {self.remedy}".strip()

    def to_dict(self) -> dict[str, str]:
        """The parts apart, for `--json` and for the screens."""
        return {"fact": self.fact, "place": self.place, "remedy": self.remedy, "code": self.code}
