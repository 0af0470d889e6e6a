"""A linear network beside a deep one, on the same table."""

from typing import TYPE_CHECKING, ClassVar

from builder.project import Binding, Data, Project
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec


class WideAndDeep(base.Template):
    """Wide memorises, deep generalises (Cheng et al., 2016, arXiv 1606.07792)."""

    name = "wide-and-deep"
    title = "Wide and deep"
    called = "{data} wide and deep"
    help = "A linear path beside a deep one."
    data_kind = "table"
    inputs: ClassVar[dict[str, Binding]] = {
        "everything": Binding(columns="all", form="vector"),
        "numbers": Binding(columns="numbers", form="vector"),
        "categories": Binding(columns="categories", form="codes"),
    }

    @classmethod
    def data(cls) -> Data:
        """Generated customers with numbers and categories."""
        return Data(source="generated", options={"name": "customers"}, target="target")

    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs a table with at least one number and one category."""
        if not any(item.form == "vector" for item in spec.inputs.values()):
            return base.lacks(spec, "vector", "a table")
        if any(item.form not in ("vector", "codes") for item in spec.inputs.values()):
            return base.lacks(spec, "vector", "a table alone")
        features = [name for item in spec.inputs.values() for name in item.features]
        has_codes = any(item.form == "codes" for item in spec.inputs.values())
        if not has_codes and not any("=" in name for name in features):
            return "The table has no categories. Use mlp-classification or mlp-regression."
        if all("=" in name for name in features):
            return "The table has no numbers. Use mlp-classification or mlp-regression."
        return base.lacks_target(spec)

    @classmethod
    def rank(cls, spec: "PreparedSpec") -> int:  # noqa: ARG003
        """After the plain dense networks, which are as good on most tables."""
        return 40

    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Vectors of 8 numbers for categories; 128 and 64 units on the deep path."""
        outputs = base.width(spec)
        sketch = base.Sketch()
        everything = sketch.add("everything", "Input")
        numbers = sketch.add("numbers", "Input")
        sketch.add("categories", "Input")
        sketch.add("embed", "Embedding", embedding_dim=8)
        vectors = sketch.add("flatten", "Flatten")
        sketch.add("concat", "Concat", numbers, vectors)
        for index, units in enumerate((128, 64), start=1):
            sketch.add(f"dense{index}", "Linear", out_features=units)
            sketch.add(f"relu{index}", "ReLU")
            sketch.add(f"dropout{index}", "Dropout", p=0.2)
        deep = sketch.add("deep", "Linear", out_features=outputs)
        wide = sketch.add("wide", "Linear", everything, out_features=outputs)
        sketch.add("add", "Add", deep, wide)
        sketch.add("output", "Output")
        return base.project(cls, spec, data, sketch.graph(), base.table_recipe(spec))
