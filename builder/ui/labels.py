"""Names of a person's own as labels: Streamlit reads labels, headings and hints as Markdown."""

import re

_MARKS = re.compile(
    r"[\\`*$\[\]<~]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it is no mark
    r"|:(?=[a-zA-Z])"
    r"|&(?=#?\w+;)"
    r"|^[#>+\-](?=\W|$)"
)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_SIGNS = re.compile(r"(:)(?=[\w+/-]+:)|(<)(?=-)|([-=])(?=>)|(-)(?=-)|([<>!~])(?==)")
JOINER = "\u2060"
"""Has no width; keeps what it parts from being read as an emoji, an icon or an arrow."""


def plain(name: object) -> str:
    """The name so that a label shows it letter for letter; one without marks stays as it is."""
    text = " ".join(str(name).split())
    parted = _SIGNS.sub(lambda found: found[0] + JOINER, text)
    marked = _MARKS.sub(lambda found: "\\" + found[0], parted)
    return _NUMBERED.sub(r"\1\\\2", marked)
