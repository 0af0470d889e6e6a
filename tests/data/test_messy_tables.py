"""Every file of the messy collection is read rightly, or refused in one sentence. The verdicts were
made by eye."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder import data
from builder.errors import LaminaError
from builder.project import Data, Project, TaskChoice


@dataclass(frozen=True)
class Reads:
    """What the file must come out as."""

    rows: int
    columns: int
    types: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    codes: tuple[str, ...] = ()  # findings that must be there
    notes: tuple[str, ...] = ()  # words that a note must have


PENGUINS = {"species": "category", "bill_length_mm": "number", "sex": "category"}

VERDICTS: dict[str, Reads | tuple[str, str]] = {
    "made/autompg_mixed_types.csv": Reads(
        398,
        11,
        {
            "mpg": "number",
            "cylinders": "number",
            "displacement": "number",
            "horsepower": "number",
            "weight": "number",
            "acceleration": "number",
            "price_usd": "number",
            "efficiency": "number",
            "origin": "category",
        },
        codes=("mixed_types", "target_gaps"),
        notes=("'lbs'", '"?" means missing'),
    ),
    "made/dates_mixed_formats.csv": Reads(
        60, 2, {"date": "date", "value": "number"}, codes=("mixed_types", "dates")
    ),
    "made/empty_file.csv": ("empty", ""),
    "made/excel_file_named.csv": Reads(344, 7, PENGUINS, notes=("Excel workbook",)),
    "made/formula_cells.csv": Reads(4, 3, {"name": "category", "score": "number"}),
    "made/header_only.csv": ("header but no rows", ""),
    "made/html_page_named.csv": ("web page", ""),
    "made/huge_and_multiline_cells.csv": Reads(30, 3, {"text": "category", "label": "category"}),
    "made/null_bytes.csv": ("NUL byte", "line 2"),
    "made/one_row.csv": Reads(1, 3, codes=("too_few_rows",)),
    "made/penguins.jsonl": Reads(344, 7, PENGUINS),
    "made/penguins.parquet": Reads(344, 7, PENGUINS),
    "made/penguins_allmissing_and_constant_columns.csv": Reads(
        344, 9, PENGUINS, codes=("empty_column", "constant_column")
    ),
    "made/penguins_class_with_one_row.csv": Reads(345, 7, PENGUINS, codes=("rare_classes",)),
    "made/penguins_inf_nan_overflow.csv": Reads(
        344, 7, {**PENGUINS, "flipper_length_mm": "number"}, codes=("infinite",)
    ),
    "made/penguins_label_spelling_variants.csv": Reads(
        344, 7, PENGUINS, codes=("spelling_variants",), notes=("Spaces around",)
    ),
    "made/penguins_ragged_rows.csv": Reads(
        342,
        7,
        PENGUINS,
        codes=("rows_too_long", "rows_too_short"),
        notes=("empty line", "Comment line 31", "'TOTAL'"),
    ),
    "made/penguins_records.json": Reads(344, 7, PENGUINS),
    "made/penguins_semicolon_decimalcomma_latin1.csv": Reads(
        344,
        7,
        {"Schnabellänge (mm)": "number", "body_mass_g": "number", "Geschlecht": "category"},
        {"separator": ";", "decimal": ",", "encoding": "cp1252"},
    ),
    "made/penguins_single_class_target.csv": Reads(344, 7, codes=("constant_column",)),
    "made/penguins_two_sheets_offset_header.xlsx": Reads(
        344, 7, PENGUINS, {"sheet": "Daten 2021"}, notes=("'Readme'",)
    ),
    "made/penguins_utf8_bom_crlf.csv": Reads(344, 7, PENGUINS),
    "made/penguins_weird_headers.csv": Reads(
        344, 7, {"species": "category", "island": "category", "🐧": "number", "class": "number"}
    ),
    "made/titanic_duplicate_headers.csv": Reads(
        891,
        13,
        {"SibSp": "number", "SibSp (2)": "number", "Age (2)": "number"},
        codes=("repeated_names", "copied_column", "identifier", "free_text"),
        notes=("2 columns without name",),
    ),
    "made/unclosed_quote.csv": ("never closed", "line 2"),
    "made/whitespace_only.csv": ("empty", ""),
    "made/wide_2000_columns.csv": Reads(60, 2001),
    "real/complex.csv": Reads(
        3, 4, {"date": "date", "another date": "date", "temperature": "number"}
    ),
    "real/excel_pasting.csv": Reads(
        14, 9, {"Year": "category", "2000": "number"}, {"skip_rows": 3}, notes=("line 4", "Source")
    ),
    "real/null.csv": Reads(10, 4, {"#0": "number", "#3": "number"}, {"header": False}),
    "real/simple.psv": Reads(28, 6, {"Year": "number"}, {"separator": "|"}),
    "real/simple.xls": Reads(6, 3, {"date": "date", "temperature": "number", "place": "category"}),
    "real/simple.xlsx": Reads(6, 3, {"date": "date", "temperature": "number", "place": "category"}),
    "real/skip_initials.csv": Reads(2, 2, {"field1": "category", "field2": "category"}),
    "real/spanish_chars.csv": Reads(
        114,
        8,
        {"Gasto total 2011": "number", "Descripción": "text"},
        {"encoding": "cp1252"},
        notes=("Fuente",),
    ),
    "real/sparse_with_column_errors.csv": Reads(2200, 4, {"LP": "text"}, {"encoding": "cp1252"}),
    "real/utf-16le_encoded.csv": Reads(
        327, 19, {"Organisation_code": "text", "Total_number_of_SCTs": "number"}
    ),
    "real/utf8bom.csv": ("header but no rows", ""),
}


def _data(path: Path, **options: str) -> Data:
    return Data(source="table", options={"path": str(path), **options})


def test_every_file_of_the_collection_has_a_verdict(test_data: Path) -> None:
    folder = test_data / "messy_tables"
    files = {p.relative_to(folder).as_posix() for p in folder.glob("*/*") if p.is_file()}
    assert files == set(VERDICTS)


@pytest.mark.parametrize("name", [n for n, v in VERDICTS.items() if isinstance(v, Reads)])
def test_a_messy_file_is_read_rightly(name: str, test_data: Path) -> None:
    verdict = VERDICTS[name]
    assert isinstance(verdict, Reads)
    overview = data.inspect(_data(test_data / "messy_tables" / name))
    assert (overview.rows, len(overview.columns)) == (verdict.rows, verdict.columns)
    types = {column.name: column.type for column in overview.columns}
    assert {key: types[key] for key in verdict.types} == verdict.types
    assert {key: overview.options[key] for key in verdict.options} == verdict.options
    assert {finding.code for finding in overview.findings} >= set(verdict.codes)
    for words in verdict.notes:
        assert any(words in note for note in overview.notes), overview.notes


@pytest.mark.parametrize("name", [n for n, v in VERDICTS.items() if isinstance(v, tuple)])
def test_a_hopeless_file_is_refused_in_words_with_file_and_remedy(
    name: str, test_data: Path
) -> None:
    verdict = VERDICTS[name]
    assert isinstance(verdict, tuple)
    words, line = verdict
    with pytest.raises(LaminaError, match=words) as caught:
        data.inspect(_data(test_data / "messy_tables" / name))
    assert Path(name).name in caught.value.place
    assert line in caught.value.place
    assert caught.value.remedy


@pytest.mark.parametrize("name", [n for n, v in VERDICTS.items() if isinstance(v, Reads)])
def test_what_is_read_is_also_prepared_or_refused_in_words(name: str, test_data: Path) -> None:
    given = _data(test_data / "messy_tables" / name)
    kind = data.inspect(given).problem or "classification"
    prepared: data.Prepared | LaminaError
    try:
        prepared = data.prepare(Project(data=given, task=TaskChoice(kind=kind)))
    except LaminaError as error:
        prepared = error
    if isinstance(prepared, LaminaError):
        assert prepared.fact
        assert prepared.remedy
        return
    for split, size in prepared.spec.sizes.items():
        for tensor in prepared.tensors(split).values():
            assert len(tensor) == size
            assert bool(tensor.double().isfinite().all())


def test_a_single_class_target_is_refused_at_preparation(test_data: Path) -> None:
    path = test_data / "messy_tables/made/penguins_single_class_target.csv"
    chosen = _data(path).model_copy(update={"target": "species"})
    assert data.inspect(chosen).findings[0].code == "single_class"
    with pytest.raises(LaminaError, match="single class of 'species'"):
        data.prepare(Project(data=chosen))


def test_a_column_of_a_single_class_is_said_where_another_is_predicted(test_data: Path) -> None:
    path = test_data / "messy_tables/made/penguins_single_class_target.csv"
    chosen = data.suggest(_data(path))
    assert chosen.target == "sex"
    found = {one.code: one for one in data.inspect(chosen).findings}
    assert found["single_class_beside"].severity == "warning"
    assert "'species' (Adelie), so it cannot be predicted" in found["single_class_beside"].sentence


def test_a_column_with_next_to_no_values_is_not_guessed_as_the_target(test_data: Path) -> None:
    path = test_data / "messy_tables/real/sparse_with_column_errors.csv"
    assert data.suggest(data.recognise([path])).target != "column 4"


def test_of_a_table_of_words_a_column_whose_words_come_again_is_the_target(test_data: Path) -> None:
    """And what that is worth is said: most rows have none, most classes are rare."""
    path = test_data / "messy_tables/real/sparse_with_column_errors.csv"
    chosen = data.suggest(data.recognise([path]))
    assert chosen.target == "Kapitel/Titel"
    assert data.prepare(Project(data=chosen)).spec.sizes["train"] > 300
    codes = {finding.code for finding in data.inspect(chosen).findings}
    assert {"target_gaps", "rare_classes", "nearly_empty_column"} <= codes


def test_a_table_whose_every_cell_differs_has_no_target_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    lines = "".join(f"note {i},remark {i * 7}\n" for i in range(80))
    path.write_text(f"first,second\n{lines}")
    with pytest.raises(LaminaError, match=r"notes.csv can be the target") as caught:
        data.prepare(Project(data=_data(path)))
    assert "Name the column" in caught.value.remedy


def test_a_class_of_one_row_stays_in_training_and_is_said(test_data: Path) -> None:
    path = test_data / "messy_tables/made/penguins_class_with_one_row.csv"
    prepared = data.prepare(Project(data=_data(path)))
    assert any("single row" in note for note in prepared.spec.notes)
    target = prepared.spec.target
    assert target is not None
    assert target.counts[target.classes.index("Emperor")] == 1


def test_formula_cells_stay_text(test_data: Path) -> None:
    raw = data.read(_data(test_data / "messy_tables/made/formula_cells.csv"))
    assert raw.frame["name"].tolist()[0] == "=1+1"


def test_units_percent_and_currency_are_numbers(test_data: Path) -> None:
    raw = data.read(_data(test_data / "messy_tables/made/autompg_mixed_types.csv"))
    row = raw.frame.iloc[1]
    assert row["weight"] == 3693
    assert row["price_usd"] == 6052.93
    assert row["efficiency"] == pytest.approx(0.417)


def test_merging_the_spellings_leaves_two(test_data: Path) -> None:
    given = _data(test_data / "messy_tables/made/penguins_label_spelling_variants.csv")
    found = {f.code: f for f in data.inspect(given).findings}["spelling_variants"]
    mended = data.edit(given, found.remedies[0].edits)
    overview = data.inspect(mended)
    assert "spelling_variants" not in {finding.code for finding in overview.findings}
    assert {value for value, _ in overview.column("sex").top} == {"FEMALE", "MALE"}
    prepared = data.prepare(Project(data=mended))
    assert {"sex=FEMALE", "sex=MALE"} < set(prepared.spec.inputs["table"].features)
    record = prepared.record("test", 0)
    same = prepared.runtime.transform([{**record, "sex": "f"}, {**record, "sex": "FEMALE"}])
    other = prepared.runtime.transform([{**record, "sex": "m"}, {**record, "sex": "F"}])
    assert not bool((other["table"][0] == other["table"][1]).all())
    assert same["table"].shape == other["table"].shape
