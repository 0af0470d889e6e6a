"""What the form offers."""

from builder.project import Project
from builder.sweeps import space, suggest


def test_every_suggestion_is_a_space_that_the_project_takes(project: Project) -> None:
    found = suggest.suggestions(project)
    for one in found:
        space.fit([one.parameter], project)
    assert len({one.field for one in found}) == len(found)


def test_nodes_of_a_kind_are_offered_together_and_one_by_one(project: Project) -> None:
    fields = [one.field for one in suggest.suggestions(project)]
    assert fields[0] == "recipe.optimizer.lr"
    assert "graphs.model.drop*.p" in fields
    assert "graphs.model.drop1.p" in fields
    assert "graphs.model.relu1.layer" in fields
    assert "graphs.model.fc1.out_features" in fields


def test_the_size_of_the_result_is_not_offered(project: Project) -> None:
    fields = [one.field for one in suggest.suggestions(project)]
    assert "graphs.model.head.out_features" not in fields


def test_fields_have_names_for_people() -> None:
    assert suggest.title("recipe.optimizer.lr") == "Learning rate"
    assert suggest.title("graphs.model.drop*.p") == "drop*.p"
    assert suggest.title("graphs.gen.fc1.out_features") == "gen.fc1.out_features"
    assert suggest.title("recipe.early_stopping.patience") == "early_stopping.patience"
