"""The project file: it comes back as it was, and a mistake in it names its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import project as files
from builder.errors import LaminaError
from builder.project import Column, Data, Project, Recipe, Split, View

SMALL: dict[str, Any] = {
    "lamina": 1,
    "name": "digits",
    "data": {"source": "sklearn", "options": {"name": "digits"}, "target": "target"},
    "graphs": {
        "model": {
            "nodes": [
                {"id": "image", "layer": "Input"},
                {"id": "flat", "layer": "Flatten"},
                {"id": "head", "layer": "Linear", "params": {"out_features": 10}},
                {"id": "out", "layer": "Output"},
            ],
            "edges": [["image", "flat"], ["flat", "head"], ["head", "out"]],
        }
    },
}


def _with(path: str, value: Any) -> str:
    document = json.loads(json.dumps(SMALL))
    *parents, last = path.split(".")
    inside = document
    for key in parents:
        inside = inside[int(key)] if isinstance(inside, list) else inside.setdefault(key, {})
    if isinstance(inside, list):
        inside[int(last)] = value
    else:
        inside[last] = value
    return json.dumps(document)


def test_a_project_comes_back_as_it_was() -> None:
    project = files.loads(json.dumps(SMALL))
    assert files.loads(files.dumps(project)) == project
    assert files.dumps(files.loads(files.dumps(project))) == files.dumps(project)


@given(
    name=st.text(min_size=1, max_size=40),
    target=st.none() | st.text(max_size=20),
    columns=st.dictionaries(
        st.text(max_size=10),
        st.builds(Column, role=st.sampled_from(["feature", "ignore", None])),
        max_size=4,
    ),
    split=st.builds(
        Split,
        kind=st.sampled_from(["random", "stratified", "group", "time", "given"]),
        validation=st.floats(0, 0.9),
        seed=st.integers(0, 2**31),
    ),
    options=st.dictionaries(
        st.text(max_size=10),
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        max_size=4,
    ),
    epochs=st.integers(1, 10**6),
)
def test_any_project_comes_back_as_it_was(
    name: str,
    target: str | None,
    columns: dict[str, Column],
    split: Split,
    options: dict[str, Any],
    epochs: int,
) -> None:
    data = Data(source="table", target=target, columns=columns, split=split, options=options)
    project = Project(name=name, data=data, recipe=Recipe(epochs=epochs))
    assert files.loads(files.dumps(project)) == project


def test_a_file_written_by_hand_is_short_and_starts_with_its_version() -> None:
    text = files.dumps(files.loads(json.dumps(SMALL)))
    assert text.startswith('{\n "lamina": 1,\n "name": "digits",')
    assert "split" not in text
    assert text.endswith("}\n")


def test_where_nodes_stand_does_not_change_the_digest() -> None:
    project = files.loads(json.dumps(SMALL))
    moved = project.model_copy(
        update={"view": View(positions={"model": {"head": {"x": 1.0, "y": 2.0}}}), "name": "other"}
    )
    assert moved.digest() == project.digest()
    trained_longer = project.model_copy(update={"recipe": Recipe(epochs=11)})
    assert trained_longer.digest() != project.digest()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"lamina": 1,\n "name": }', "line 2, column 10", "A value is missing"),
        ("", "project file", "The file is empty"),
        (" \n", "project file", "The file is empty"),
        ('{"lamina": 1,}', "line 1, column 14", "A key in double quotes"),
        ('{"lamina": 1 "name": 2}', "line 1, column 14", "A comma or a closing"),
        ('{"lamina": 1, "data": {', "column 24", "ends too early"),
        ('{"lamina": 1}}', "column 14", "text goes on after its end"),
        ("[]", "project file", "JSON object"),
        ("{}", "project file", "version is missing"),
        ('{"lamina": "1"}', "project file", 'must be the number 1; found "1"'),
        ('{"lamina": true}', "project file", "must be the number 1; found true"),
        ('{"lamina": 2}', "project file", "reads up to version 1"),
        ('{"lamina": 1, "name": "a", "name": "b"}', "project file", 'key "name" comes twice'),
        (
            '{"lamina": 1, "graphs": {"model": {"nodes": [{"id": "a", "id": "b"}]}}}',
            "project file",
            'key "id" comes twice',
        ),
        ('{"lamina": ' + "9" * 6000 + "}", "project file", "thousands of digits"),
        (
            '{"lamina": 1, "data": {"options": {"a": ' + "[" * 900 + "]" * 900 + "}}}",
            "data.options.a.list.0",
            "nested too deeply",
        ),
        (_with("recipe.seed", 10**40), "recipe.seed", "below"),
        (_with("recipe.threads", 100_000), "recipe.threads", "at most 512"),
        (_with("data.split.seed", -1), "data.split.seed", "at least 0"),
        (_with("name", "\ud800"), "project file", "half of a character"),
        (_with("graphs.model.edges.0", 7), "graphs.model.edges.0", "pair of node names"),
        ("[" * 100_000, "project file", "nested too deeply|ends too early"),
        (_with("data.sorce", "x"), "data.sorce", "not known. Write 'source'"),
        (_with("data.zzz", "x"), "data.zzz", "known here: source, options"),
        (_with("data.split.kind", "half"), "data.split.kind", "'half'"),
        (_with("data.split.validation", 1.5), "data.split.validation", "below 1"),
        (_with("data.columns", {"a": {"role": "hero"}}), "data.columns.a.role", "'hero'"),
        (_with("recipe.epochs", 0), "recipe.epochs", "at least 1"),
        (_with("recipe.epochs", "many"), "recipe.epochs", "must be a whole number; found 'many'"),
        (_with("recipe.epochs", 1.5), "recipe.epochs", "must be a whole number; found 1.5"),
        (_with("recipe.class_weights", 5), "class_weights", "'balanced' or a group of keys"),
        (_with("recipe", []), "recipe", "must be a group of keys and values. Write it in braces"),
        (_with("recipe.optimizer", {"lr": -1}), "recipe.optimizer.lr", "above 0"),
        (_with("graphs.model.nodes.0.id", "1st"), "graphs.model.nodes.0.id", "is no name"),
        (_with("graphs.model.nodes.0.id", "flat"), "graphs.model", "Two nodes are called"),
        (_with("graphs.model.edges.0", ["image"]), "graphs.model.edges.0", "pair of node names"),
        (_with("graphs.model.edges.0", ["image", "x"]), "graphs.model", "no node is called so"),
        (_with("graphs", {}), "graphs", "at least one entry long. Write one"),
        (_with("data.options", {"x": "\ud800"}), "project file", "half of a character"),
        (_with("data.prepare", [{"kind": "a", "x": float("nan")}]), "project file", "infinite"),
        (_with("name", ""), "name", "at least one character long. Write one"),
        (_with("name", None), "name", "must be a text; found null"),
    ],
)
def test_a_mistake_names_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        files.loads(text)
    assert place in caught.value.place


def test_numbers_that_are_none_are_refused() -> None:
    for number in ("NaN", "Infinity", "1e999"):
        text = json.dumps(SMALL).replace(
            '"lamina": 1', f'"lamina": 1, "recipe": {{"clip_norm": {number}}}'
        )
        with pytest.raises(LaminaError) as caught:
            files.loads(text)
        assert "recipe.clip_norm" in caught.value.place


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(LaminaError, match="UTF-8"):
        files.loads(b'{"lamina": 1, "name": "\xff\xfe\xfa"}')


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(LaminaError, match="larger than 20 MB"):
        files.load(path)


def test_a_missing_file_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="cannot be read"):
        files.load(tmp_path / "none.lamina.json")


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "p.lamina.json"
    files.save(Project(name="old"), path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LaminaError, match="No space left"):
        files.save(Project(name="new"), path)
    assert files.load(path).name == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["p.lamina.json"]


def test_saving_where_there_is_no_folder_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="cannot be saved"):
        files.save(Project(), tmp_path / "no" / "p.lamina.json")


def test_the_schema_in_the_docs_is_current() -> None:
    """Written anew by: python -m builder.project > docs/project.schema.json"""
    root = Path(__file__).parents[1]
    written = (root / "docs" / "project.schema.json").read_text(encoding="utf-8")
    assert written == files.schema()


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(files.schema()))
    assert validator.is_valid(SMALL)
    assert validator.is_valid(json.loads(files.dumps(files.loads(json.dumps(SMALL)))))
    assert not validator.is_valid(json.loads(_with("data.sorce", "x")))
    assert not validator.is_valid(json.loads(_with("graphs.model.edges.0", ["image"])))


@pytest.mark.parametrize(
    ("part", "value", "place", "said"),
    [
        ("epochs", True, "recipe.epochs", "a whole number; found true"),
        ("optimizer", {"lr": False}, "recipe.optimizer.lr", "a number; found false"),
        ("clip_norm", True, "recipe.clip_norm", "a number; found true"),
    ],
)
def test_true_and_false_are_no_numbers(part, value, place, said):
    with pytest.raises(LaminaError, match=said) as caught:
        files.loads(json.dumps({"lamina": 1, "name": "p", "recipe": {part: value}}))
    assert place in (caught.value.place or "")
    switched = {"name": "Adam", "amsgrad": True}
    loaded = files.loads(json.dumps({"lamina": 1, "name": "p", "recipe": {"optimizer": switched}}))
    assert loaded.recipe.optimizer.arguments()["amsgrad"] is True


def test_every_key_of_the_file_has_its_line_in_the_docs() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "project-file.md").read_text(encoding="utf-8")
    schema = json.loads(files.schema())
    parts = {**schema["$defs"], "Project": schema}
    left_out = {"Graph", "Node", "Edge", "Position"}
    for name, part in parts.items():
        for key in part.get("properties", {}):
            assert name in left_out or f"`{key}`" in page, f"{name}.{key} is not described"


def test_the_examples_in_the_docs_are_whole_projects() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "project-file.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in page.split("```json\n")[1:]]
    assert examples
    for example in examples:
        if '"lamina"' in example:
            assert files.loads(example).graph.nodes


def test_a_name_holds_no_line_break_and_no_control_character():
    assert Project(name="a\nb\x1b[31m").name == "a b [31m"
