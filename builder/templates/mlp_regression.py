"""A multi-layer perceptron that estimates a number from the columns of a table."""

from typing import TYPE_CHECKING

from builder.project import Data, Project, Split
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class MlpRegression(base.Template):
    """Two hidden layers with dropout: the sound first choice for a table."""

    name = "mlp-regression"
    title = "Number from a table"
    called = "{data} MLP"
    help = "Dense layers estimate a number."
    data_kind = "table"
    tasks = ("regression",)

    @classmethod
    def data(cls) -> Data:
        """Diabetes progression, bundled with scikit-learn."""
        return Data(
            source="sklearn",
            options={"name": "diabetes"},
            target="target",
            split=Split(kind="random"),
        )

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one table of numbers and a numeric target."""
        if reason := base.lacks(spec, "vector", "a table"):
            return reason
        if spec.target is not None and spec.target.kind != "number":
            name = base.called_target(spec)
            return f"The target {name} has classes. Take mlp-classification instead."
        return None

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for tables."""
        return 50

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """128 and 64 units with dropout."""
        return Project(
            name=cls.name,
            data=data,
            graphs={"model": base.perceptron(spec)},
            task=base.task(spec),
            recipe=base.table_recipe(spec),
        )
