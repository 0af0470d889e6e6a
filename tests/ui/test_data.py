"""The Data page: what a file holds is shown and editable; bad files are refused in words, with
nothing kept.
"""

import dataclasses
from io import BytesIO
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder import data, templates, workspace
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.graph.spec import Graph, Node
from builder.home import room
from builder.project import Binding, Column, Data, Project, Split
from builder.ui import intake
from builder.ui.components import splitbar, table
from builder.ui.dataset import heads, media, side, sources, split, treatment
from tests.ui.apptest import open_page, text_of


def rows(count: int = 120) -> str:
    lines = ["age,city,member,leak,target"]
    for i in range(count):
        label = "yes" if i % 3 == 0 else "no"
        age = "" if i % 10 == 0 else str(20 + i * 7 % 50)
        lines.append(f"{age},{'ABC'[i % 3]},{'true' if i % 2 else 'false'},{label.upper()},{label}")
    return "\n".join(lines) + "\n"


def finish(app: AppTest, name: str) -> None:
    """Wait for the page's work of that name, if it was not taken up yet, and draw its result."""
    jobs = app.session_state["lamina_jobs"]
    for job in [job for known, (_, job) in jobs.items() if known.partition(":")[0] == name]:
        assert job.finished(120)
        app.run()


@pytest.fixture
def project(tmp_path: Path) -> tuple[str, Project]:
    path = tmp_path / "people.csv"
    path.write_text(rows())
    key = intake.bring(path)
    return key, workspace.open_project(key)


def test_a_file_becomes_a_project_with_target_and_task_guessed(
    project: tuple[str, Project],
) -> None:
    _, made = project
    assert made.name == "people"
    assert made.data.source == "table"
    assert made.data.target == "target"
    assert made.task.kind == "classification"


def test_a_number_to_predict_makes_it_a_regression(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("size,price\n" + "".join(f"{i},{i * 1.37:.2f}\n" for i in range(60)))
    made = workspace.open_project(intake.bring(path))
    assert made.data.target == "price"
    assert made.task.kind == "regression"


def test_the_page_shows_target_split_balance_and_findings(project: tuple[str, Project]) -> None:
    key, _ = project
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    assert not app.exception
    shown = text_of(app)
    assert 'data-testid="split-bar"' in shown
    assert "is right" in shown  # the guess to beat
    assert 'data-testid="finding-' in shown
    names = [component.proto.component_name for component in app.get("bidi_component")]
    assert names.count("lamina_table") == 1


def test_the_page_without_a_project_offers_the_way_home() -> None:
    app = open_page("data")
    assert "No project is open" in text_of(app)
    assert app.button(key="no_project_button").label == "Go to Home"


def test_an_unknown_project_is_said_in_words() -> None:
    app = open_page("data", project="../../etc")
    assert not app.exception
    assert "no such project" in text_of(app)


def test_a_project_without_data_offers_every_source() -> None:
    key = workspace.create(Project(name="empty"))
    app = open_page("data", project=key)
    kinds = set(app.radio(key="source_set_kind").options)
    assert kinds == {
        source.title
        for source in data.catalogue().values()
        if not any(option.name == "path" for option in source.params)
    }


def test_a_set_by_name_is_read_and_kept() -> None:
    key = workspace.create(Project(name="empty"))
    app = open_page("data", project=key)
    app.radio(key="source_set_kind").set_value("sklearn").run()
    app.selectbox(key="source_sklearn_name").set_value("iris").run()
    app.button(key="source_use_set").click().run()
    finish(app, "read_source")
    kept = workspace.open_project(key).data
    assert (kept.source, kept.options.get("name"), kept.target) == ("sklearn", "iris", "target")


def test_data_that_is_gone_is_said_with_a_way_on(
    project: tuple[str, Project], tmp_path: Path
) -> None:
    key, _ = project
    (tmp_path / "people.csv").unlink()
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    assert not app.exception
    assert 'data-testid="failed"' in text_of(app)
    app.button(key="inspect_button").click().run()
    assert app.radio(key="source_set_kind")


def test_a_remedy_is_one_click(project: tuple[str, Project]) -> None:
    key, _ = project
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    first = next(button for button in app.button if str(button.key).startswith("remedy_"))
    before = workspace.open_project(key).data
    first.click().run()
    assert workspace.open_project(key).data != before


def undecided(folder: Path, name: str = "undecided") -> str:
    """A project whose data waits for no decision, but is too large to be prepared unasked."""
    path = folder / f"{name}.csv"
    path.write_text("a,b,label\n" + "".join(f"{i % 7},{i % 5},{'xy'[i % 2]}\n" for i in range(90)))
    return intake.bring(path)


def test_suggestion_prepares_and_draws_a_network_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side, "SMALL_CELLS", 0)
    key = undecided(tmp_path)
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    app.button(key="suggest_network").click().run()
    finish(app, "prepare_data")
    app.button(key="use_suggestion").click().run()
    made = workspace.open_project(key)
    assert made.name == "undecided"
    assert {"Input", "Linear", "Output"} <= {node.layer for node in made.graph.nodes}


def test_a_network_for_small_data_is_offered_unasked_and_drawn_by_nobody_but_the_person(
    tmp_path: Path,
) -> None:
    key = undecided(tmp_path)
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    finish(app, "prepare_data")
    assert app.button(key="use_suggestion").label == "Use it"
    assert not workspace.open_project(key).graph.nodes


def test_work_that_is_stopped_is_not_begun_again_unasked(tmp_path: Path) -> None:
    key = undecided(tmp_path)
    app = open_page("data", project=key)
    app.session_state["lamina_unasked"] = {f"{side.JOB}:{key}"}
    app.session_state["lamina_jobs"].pop(f"{side.JOB}:{key}", None)
    app.run()
    assert app.button(key="suggest_network")


def test_another_projects_work_takes_no_button_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side, "SMALL_CELLS", 0)
    first, second = undecided(tmp_path), undecided(tmp_path, "second")
    app = open_page("data", project=first)
    finish(app, "inspect_data")
    app.button(key="suggest_network").click().run()
    app.query_params["project"] = second
    app.run()
    finish(app, "inspect_data")
    assert app.button(key="suggest_network")


@pytest.fixture
def seen(project: tuple[str, Project]) -> tuple[Project, data.Overview]:
    _, made = project
    return made, data.inspect(made.data)


def test_heads_put_the_target_first_and_tell_gaps_and_shares(
    seen: tuple[Project, data.Overview],
) -> None:
    columns = heads.heads(seen[1])
    assert columns[0]["name"] == "target"
    assert dict(columns[0]["top"])["no"] == pytest.approx(2 / 3)
    age = next(column for column in columns if column["name"] == "age")
    assert age["missing"] == pytest.approx(0.1)
    assert max(age["bars"]) == 1


def test_columns_without_a_head_are_called_by_their_number() -> None:
    assert heads.called("#0", True) == "column 1"
    assert heads.called("#0", False) == "#0"
    assert heads.called("age", True) == "age"


def test_cells_are_text_and_gaps_are_none(seen: tuple[Project, data.Overview]) -> None:
    columns = heads.heads(seen[1])
    lines = heads.cells(seen[1], columns)
    place = [column["name"] for column in columns].index("age")
    assert lines[0][place] is None
    assert lines[1][place] == "27"


def test_a_new_target_frees_the_old_one_and_sets_the_task(
    seen: tuple[Project, data.Overview],
) -> None:
    changed = heads.apply(seen[0], table.Change("role", "age", "target"), seen[1])
    assert changed.data.target == "age"
    assert changed.task.kind == "regression"
    roles = {view.name: view.role for view in data.inspect(changed.data).columns}
    assert roles["age"] == "target"
    assert roles["target"] == "feature"


def test_roles_of_group_and_time_set_the_split_and_undo_it(
    seen: tuple[Project, data.Overview],
) -> None:
    grouped = heads.apply(seen[0], table.Change("role", "city", "group"), seen[1])
    assert (grouped.data.split.kind, grouped.data.split.group) == ("group", "city")
    back = heads.apply(grouped, table.Change("role", "city", "feature"), data.inspect(grouped.data))
    assert back.data.split == Split()


def test_numbers_with_signs_that_are_called_numbers_are_read_so(tmp_path: Path) -> None:
    path = tmp_path / "waits.csv"
    waits = ["1h 5m", "2h", "45m", "3h 10m"]
    path.write_text(
        "wait,target\n" + "".join(f"{waits[i % 4]},{'xy'[i % 3 % 2]}\n" for i in range(90))
    )
    made = workspace.open_project(intake.bring(path))
    change = table.Change("type", "wait", "number")
    changed = heads.apply(made, change, data.inspect(made.data))
    assert changed.data.columns["wait"] == Column(type="number", written="duration")
    assert data.inspect(changed.data).column("wait").numbers["min"] == 2700


def test_the_target_itself_keeps_its_role(seen: tuple[Project, data.Overview]) -> None:
    same = heads.apply(seen[0], table.Change("role", "target", "ignore"), seen[1])
    assert same == seen[0]


def test_a_treatment_back_at_its_default_leaves_no_trace() -> None:
    once = heads.treated(Data(), "age", {"scale": "minmax"})
    assert once.columns == {"age": Column(scale="minmax")}
    assert heads.treated(once, "age", {"scale": None}).columns == {}


def test_help_of_sets_is_told_for_the_chosen_one() -> None:
    assert sources.explained("a: first one; b: second: with colon") == {
        "a": "first one",
        "b": "second: with colon",
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.417, "0.417"),
        (512.3292, "512"),
        (1234567, "1.23 M"),
        (999_600_000, "1.0e9"),
        (2.5e12, "2.5e12"),
        (0.00001, "1.0e-5"),
        ("2020-01-02T03", "2020-01-02"),
    ],
)
def test_edges_of_histograms_are_short(value: object, words: str) -> None:
    assert heads.short(value) == words


@pytest.mark.parametrize("folder", ["messy_tables", "messy_images"])
def test_every_messy_file_is_read_or_refused_in_a_sentence(test_data: Path, folder: str) -> None:
    for path in sorted(p for p in (test_data / folder).rglob("*") if p.is_file()):
        before = set(room("uploads").iterdir())
        kept = intake.keep([BytesIO(path.read_bytes())], [path.name])
        said = ""
        try:
            key = intake.bring(kept)
        except LaminaError as error:
            said = str(error)
        if not said:
            assert workspace.open_project(key).data.source, path.name
            continue
        assert str(room("uploads")) not in said, path.name
        intake.forget(kept)
        assert set(room("uploads").iterdir()) == before


@pytest.mark.parametrize(
    ("sent", "shares"),
    [
        ({"validation": 0.2, "test": 0.1}, (0.2, 0.1)),
        ({"validation": 0, "test": 0.8}, (0, 0.8)),
        ({"validation": 0.5, "test": 0.4}, None),
        ({"validation": -0.1, "test": 0.1}, None),
        ({"validation": "1", "test": 0.1}, None),
        ({"validation": float("nan"), "test": 0.1}, None),
        (None, None),
    ],
)
def test_only_shares_that_leave_rows_to_learn_from_are_taken_from_the_bar(
    sent: object, shares: tuple[float, float] | None
) -> None:
    assert splitbar.checked(sent) == shares


def test_the_bar_is_drawn_and_shares_are_exact_by_number(tmp_path: Path) -> None:
    key = undecided(tmp_path)
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    names = [component.proto.component_name for component in app.get("bidi_component")]
    assert names.count("lamina_splitbar") == 1
    app.number_input(key="split_validation_0.15").set_value(12.5)
    app.number_input(key="split_test_0.15").set_value(20.0)
    app.button(key="split_apply").click().run()
    split = workspace.open_project(key).data.split
    assert (split.validation, split.test) == (0.125, 0.2)


def test_a_number_of_the_balance_stands_beside_a_bar_that_is_too_short_for_it() -> None:
    line = split._class_bar("test", [3715, 0, 1169], 39_074, ["<=50K", "none", ">50K"])
    inside, beside = line.split('<div class="by">')
    assert "3,715</i>" not in inside
    assert "3,715</span>" in beside
    assert "1,169</span>" in beside
    assert "24,720</i>" in split._class_bar("train", [24_720, 7_841], 32_561, ["<=50K", ">50K"])


def test_many_classes_are_columns_with_their_names_and_few_are_told_by_colour() -> None:
    ten = [str(i) for i in range(10)]
    drawn = split._columns({"train": [150, 75, 0, *[150] * 7], "test": [20] * 10}, ten)
    assert drawn.count("<i style=") == 20
    assert '<i style="height:50%" title="1: 75"></i>' in drawn
    assert '<i style="height:0%" title="2: 0"></i>' in drawn
    assert "<span>1,275</span>" in drawn
    assert "<span>9</span>" in drawn
    assert 'class="cn"' not in split._columns({"train": [1] * 5}, ["a rather long name"] * 5)
    assert "<span>a &lt;b&gt;</span>" in split._key(0, "a <b>")


def test_files_uploaded_together_are_called_by_their_names() -> None:
    path = intake.keep([BytesIO(b"a"), BytesIO(b"b")], ["G_TEST.ts", "G_TRAIN.ts"])

    def name(where: object) -> str:
        return intake.data_name(Data(source="series", options={"path": str(where)}))

    assert name(path) == "G_TEST.ts and G_TRAIN.ts"
    more = intake.keep([BytesIO(b"a")] * 3, ["a.ts", "b.ts", "c.ts"])
    assert name(more) == "a.ts and 2 more"
    assert name("/data/flowers.csv") == "flowers.csv"
    assert intake.data_name(Data(source="sklearn", options={"name": "iris"})) == "iris"


def test_moments_are_written_as_people_do(seen: tuple[Project, data.Overview]) -> None:
    days = ["2024-03-01T00:00:00", None, "2024-03-02T00:00:00"]
    times = ["2024-03-01T00:00:00", "2024-03-01T14:30:00", "2024-03-01T14:30:05"]
    rows = tuple({"age": day, "city": time} for day, time in zip(days, times, strict=True))
    overview = dataclasses.replace(seen[1], preview=rows)
    lines = heads.cells(overview, [{"name": "age"}, {"name": "city"}])
    assert lines == [
        ["2024-03-01", "2024-03-01 00:00"],
        [None, "2024-03-01 14:30"],
        ["2024-03-02", "2024-03-01 14:30:05"],
    ]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((2, 1, True), "2 need a look"),
        ((1, 0, False), "1 needs a look"),
        ((0, 0, True), "still being prepared"),
        ((0, 2, False), "nothing needs a look"),
        ((0, 0, False), "all checks passed"),
    ],
)
def test_the_findings_come_to_no_more_than_was_looked_at(
    found: tuple[int, int, bool], words: str
) -> None:
    assert side._verdict(*found) == words


def test_the_size_of_images_says_which_is_the_width() -> None:
    told = [
        media._image_note(InputSpec(name="image", form="image", shape=shape, stored="uint8"))
        for shape in ((1, 24, 28), (3, 8, 8))
    ]
    assert told == ["28 × 24 pixels (width × height), gray", "8 × 8 pixels, colour"]


def test_a_test_file_is_named_by_the_split_and_the_way_of_reading_closes(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text(rows())
    test.write_text(rows(40))
    key = intake.bring(train)
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    assert "stratified by target, seed 0" in text_of(app)
    [field] = [one for one in app.text_input if one.label == "Test file"]
    field.set_value(str(test))
    app.button(key="reading_apply").click().run()
    finish(app, "inspect_data")
    assert not app.exception
    assert "test from its own file, the rest stratified by target, seed 0" in text_of(app)
    assert app.session_state["reading_turn"] == 1  # a popover of its own, which is closed


def test_a_column_is_renamed_in_its_dialog_and_what_was_decided_follows(
    project: tuple[str, Project],
) -> None:
    key, made = project
    columns = {"age": Column(scale="minmax")}
    workspace.save_project(
        key, made.model_copy(update={"data": made.data.model_copy(update={"columns": columns})})
    )
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    app.session_state[treatment.OPEN] = (key, "age")
    app.run()
    app.text_input(key="treat_age_name").set_value("city").run()
    app.button(key="treat_age_apply").click().run()
    assert "Two columns would be called &#x27;city&#x27;: the 1st and the 2nd." in text_of(app)
    app.text_input(key="treat_age_name").set_value("years <b>").run()
    app.button(key="treat_age_apply").click().run()
    saved = workspace.open_project(key).data
    assert saved.columns == {"years <b>": Column(scale="minmax")}
    assert saved.options["names"] == {"age": "years <b>"}


def test_a_list_of_names_is_pasted_for_a_file_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(rows().partition("\n")[2])
    key = intake.bring(path)
    assert data.inspect(workspace.open_project(key).data).headerless
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    app.session_state[treatment.OPEN] = (key, treatment.ALL)
    app.run()
    app.text_area(key="all_names").set_value("age, city").run()
    app.button(key="names_apply").click().run()
    assert "There are 2 names for 5 columns." in text_of(app)
    pasted = "age: continuous.\ncity: A, B, C.\nmember: yes.\nleak: x.\nstays: yes, no."
    app.text_area(key="all_names").set_value(pasted).run()
    app.button(key="names_apply").click().run()
    saved = workspace.open_project(key).data
    assert saved.options["names"] == ["age", "city", "member", "leak", "stays"]
    assert saved.target == "stays"
    finish(app, "inspect_data")
    app.session_state[treatment.OPEN] = (key, treatment.ALL)
    app.run()
    app.button(key="names_back").click().run()
    assert workspace.open_project(key).data.target == "#4"


def test_an_input_that_names_a_column_that_is_gone_is_mended_on_the_page(
    project: tuple[str, Project],
) -> None:
    key, made = project
    graph = Graph(nodes=(Node(id="table", layer="Input"),))
    bound = made.data.model_copy(update={"inputs": {"table": Binding(columns=("age", "hue"))}})
    workspace.save_project(key, made.model_copy(update={"data": bound, "graphs": {"model": graph}}))
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    assert "has no column &#x27;hue&#x27;" in text_of(app)
    next(one for one in app.button if one.label == "Leave out 'hue'").click().run()
    assert workspace.open_project(key).data.inputs["table"].columns == ("age",)


def test_data_that_is_made_has_no_figure_to_beat_and_a_text_keeps_its_order() -> None:
    gan, text = templates.make("gan"), templates.make("language-model")
    app = open_page("data", project=workspace.create(gan))
    assert not app.exception
    assert split.BEAT not in text_of(app)
    assert "The judge of what is made learns these classes" in text_of(app)
    app = open_page("data", project=workspace.create(text))
    assert not app.exception
    assert "as the data comes split" in text_of(app)
    assert "stratified" not in text_of(app)
