"""A multi-layer perceptron that tells classes apart by the columns of a table."""

from typing import TYPE_CHECKING

from builder.project import Data, Recipe, Split
from builder.templates import base
from builder.templates.rows import RowTemplate

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class MlpClassification(RowTemplate):
    """Two hidden layers with dropout: the sound first choice for a table."""

    name = "mlp-classification"
    title = "Table classifier"
    called = "{data} MLP"
    help = "Dense layers, columns into classes."
    data_kind = "table"
    tasks = ("classification",)
    own = Data(
        source="sklearn",
        options={"name": "breast_cancer"},
        target="target",
        split=Split(kind="stratified"),
    )
    other = "mlp-regression"

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """First choice for tables."""
        return 50

    @classmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:
        """128 and 64 units with dropout."""
        base.dense(sketch, spec)

    @classmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """As for any table."""
        return base.table_recipe(spec)
