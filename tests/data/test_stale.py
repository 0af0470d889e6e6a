"""Inputs that fitted other data or another network: said with a remedy that mends them."""

from pathlib import Path

import pytest

from builder import data
from builder.errors import LaminaError
from builder.graph.spec import Graph, Node
from builder.project import Binding, Data, Project

NETWORK = Graph(nodes=(Node(id="table", layer="Input"),))


@pytest.fixture
def given(tmp_path: Path) -> Project:
    path = tmp_path / "people.csv"
    lines = [f"{20 + i * 7 % 50},{'ABC'[i % 3]},{'yes' if i % 3 else 'no'}" for i in range(60)]
    path.write_text("age,city,target\n" + "\n".join(lines) + "\n")
    section = Data(source="table", options={"path": str(path)}, target="target")
    return Project(data=section, graphs={"model": NETWORK})


def bound(project: Project, **inputs: Binding) -> Project:
    return project.model_copy(
        update={"data": project.data.model_copy(update={"inputs": dict(inputs)})}
    )


@pytest.mark.parametrize(
    ("inputs", "words", "severity"),
    [
        ({"picture": Binding(form="image")}, "No graph has an Input node 'picture'", "warning"),
        ({"table": Binding(columns=("age", "hue"))}, "The data has no column 'hue'", "error"),
        ({"table": Binding(columns=("hue",))}, "The data has no column 'hue'", "error"),
        ({"table": Binding(columns=("age", "target"))}, "takes the target 'target'", "error"),
        ({"table": Binding(form="image")}, "wants image, but the data has columns", "error"),
    ],
)
def test_an_input_that_does_not_fit_is_said_and_each_remedy_mends_it(
    given: Project, inputs: dict[str, Binding], words: str, severity: str
) -> None:
    project = bound(given, **inputs)
    (finding,) = data.stale_inputs(project)
    assert words in finding.sentence
    assert finding.severity == severity
    assert finding.remedies
    for remedy in finding.remedies:
        changed = project.model_copy(update={"data": data.edit(project.data, remedy.edits)})
        assert data.stale_inputs(changed) == ()
        assert data.specs(changed).inputs["table"].form == "vector"
    if severity == "error":
        with pytest.raises(LaminaError, match=r"hue|target|image"):
            data.prepare(project)


def test_a_node_that_wants_images_of_a_table_is_said(given: Project) -> None:
    node = Node(id="table", layer="Input", params={"form": "image"})
    project = given.model_copy(update={"graphs": {"model": Graph(nodes=(node,))}})
    (finding,) = data.stale_inputs(project)
    mended = data.edit(project.data, finding.remedies[0].edits)
    assert data.stale_inputs(project.model_copy(update={"data": mended})) == ()


@pytest.mark.parametrize("columns", ["all", "numbers", ("age",), ("#0", "City ")])
def test_inputs_that_fit_are_not_mentioned(given: Project, columns: object) -> None:
    binding = Binding.model_validate({"columns": columns})
    assert data.stale_inputs(bound(given, table=binding)) == ()
