"""What the form offers."""

import pytest

from builder.errors import LaminaError
from builder.project import Optimizer, Project
from builder.sweeps import fields, space, suggest


def test_every_suggestion_is_a_space_that_the_project_takes(project: Project) -> None:
    found = suggest.suggestions(project)
    for one in found:
        space.fit([one.parameter], project)
    assert len({one.field for one in found}) == len(found)


def test_nodes_of_a_kind_are_offered_together_and_one_by_one(project: Project) -> None:
    names = [one.field for one in suggest.suggestions(project)]
    assert names[0] == "recipe.optimizer.lr"
    assert "graphs.model.drop*.p" in names
    assert "graphs.model.drop1.p" in names
    assert "graphs.model.relu1.layer" in names
    assert "graphs.model.fc1.out_features" in names


def test_the_size_of_the_result_is_not_offered(project: Project) -> None:
    names = [one.field for one in suggest.suggestions(project)]
    assert "graphs.model.head.out_features" not in names


def test_where_each_graph_has_an_optimiser_of_its_own_those_are_offered(project: Project) -> None:
    """The recipe's own would train nothing there."""
    graphs = {"one": project.graph, "other": project.graph}
    optimizers = {"one": Optimizer(lr=0.01), "other": Optimizer(lr=0.001)}
    recipe = project.recipe.model_copy(update={"optimizers": optimizers})
    several = project.model_copy(update={"graphs": graphs, "recipe": recipe})
    found = {one.field: one.title for one in suggest.suggestions(several)}
    assert found["recipe.optimizers.one.lr"] == "Learning rate of one"
    assert found["recipe.optimizers.other.weight_decay"] == "Weight decay of other"
    assert not any(field.startswith("recipe.optimizer.") for field in found)
    with pytest.raises(LaminaError, match="trains nothing") as refused:
        fields.find(several, "recipe.optimizer.lr")
    assert "recipe.optimizers.one.lr" in str(refused.value.remedy)


def test_fields_have_names_for_people() -> None:
    assert suggest.title("recipe.optimizer.lr") == "Learning rate"
    assert suggest.title("graphs.model.drop*.p") == "drop*.p"
    assert suggest.title("graphs.gen.fc1.out_features") == "gen.fc1.out_features"
    assert suggest.title("recipe.early_stopping.patience") == "early_stopping.patience"
