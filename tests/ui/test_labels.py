"""A name of a person's own is shown letter for letter where Streamlit would read Markdown."""

import pytest

from builder.ui import labels
from builder.ui.screens import deploy_inputs


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("petal_width (cm)", "petal_width (cm)"),
        ("Grundfläche, m²", "Grundfläche, m²"),
        ("__proto__", r"\_\_proto\_\_"),
        ("$x^2$", r"\$x^2\$"),
        ("**bold** :red[r]", r"\*\*bold\*\* \:red\[r\]"),
        ("a ~~b~~ `c` <b>", r"a \~\~b\~\~ \`c\` \<b>"),
        ("[a](http://b)", r"\[a\](http://b)"),
        (":smile: :material/home:", ":\u2060smile: :\u2060material/home:"),
        ("a -> b", "a -\u2060> b"),
        ("# 1", r"\# 1"),
        ("1. one", r"1\. one"),
        ("&lt;", r"\&lt;"),
        ("back\\slash", r"back\\slash"),
    ],
    ids=range(13),
)
def test_markdown_in_a_name_is_only_letters(name: str, written: str) -> None:
    assert labels.plain(name) == written


def test_a_form_on_deploy_shows_columns_as_they_are_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = []
    monkeypatch.setattr(
        deploy_inputs, "_field", lambda _column, label, _value, key: told.append((label, key))
    )
    column = {"name": "__proto__", "kind": "number", "fill": 0.0}
    settings = {"inputs": {"table": {"form": "vector", "columns": [column]}}}
    assert list(deploy_inputs.fields(settings, {}, "run")) == ["__proto__"]
    assert told == [(r"\_\_proto\_\_", "deploy_run___proto__")]
