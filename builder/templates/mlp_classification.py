"""A multi-layer perceptron that tells classes apart by the columns of a table."""

from typing import TYPE_CHECKING

from builder.project import Data, Project, Split
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class MlpClassification(base.Template):
    """Two hidden layers with dropout: the sound first choice for a table."""

    name = "mlp-classification"
    title = "Table classifier"
    called = "{data} MLP"
    help = "Dense layers, columns into classes."
    data_kind = "table"
    tasks = ("classification",)

    @classmethod
    def data(cls) -> Data:
        """Breast-cancer measurements, bundled with scikit-learn."""
        return Data(
            source="sklearn",
            options={"name": "breast_cancer"},
            target="target",
            split=Split(kind="stratified"),
        )

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one table of numbers and a target with classes."""
        if reason := base.lacks(spec, "vector", "a table"):
            return reason
        if spec.target is not None and spec.target.kind != "class":
            return (
                f"The target {base.called_target(spec)} is a number. Take mlp-regression instead."
            )
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
