"""An input that says nothing."""

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts


class BlankInputs(Rule):
    """An Input node that gives the same for every row."""

    code = "blank_inputs"
    title = "Inputs that are the same in every row"
    help = "No threshold: what is equal in all training rows cannot tell them apart."
    news = ("steps", "epoch")
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The first blank input."""
        blank = [intake for intake in facts.intakes if intake.blank]
        if not blank:
            return None
        first = blank[0]
        columns = [column for column in first.columns if "." not in column]
        changes: tuple[Change, ...] = ()
        if columns and len(blank) < len(facts.intakes):
            changes = (
                Change(
                    f"Leave the columns of '{first.node}' out",
                    "The other inputs vary; these cost time and tell nothing.",
                    overrides={f"data.columns.{column}.role": "ignore" for column in columns},
                ),
            )
        return Finding(
            self.code,
            f"The input '{first.node}' is the same in every row",
            f"All {facts.rows:,} training rows give '{first.node}' the very same values.",
            "From equal inputs only one answer can be learnt. Look at the data: a path that is "
            "wrong, a column that was not read or a file that is empty does that.",
            changes,
            node=first.node,
            nodes=tuple(intake.node for intake in blank),
            severity="error",
        )
