"""Declarations are found by looking into a folder."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from builder import scan


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    folder = tmp_path / "scanned_rules"
    folder.mkdir()
    (folder / "__init__.py").write_text("from abc import ABC\n\nclass Base(ABC):\n    pass\n")
    (folder / "b.py").write_text(
        "from abc import abstractmethod\n"
        "from scanned_rules import Base\nfrom scanned_rules.a import First\n"
        "class Second(Base):\n    pass\nclass _Hidden(Base):\n    pass\n"
        "class Half(Base):\n    @abstractmethod\n    def f(self): ...\nOTHER = 3\nPAIR = (5, 'x')\n"
    )
    (folder / "a.py").write_text(
        "from scanned_rules import Base\nclass First(Base):\n    pass\n"
        "class Alien:\n    pass\nONE = 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = importlib.import_module("scanned_rules")
    yield found
    for name in [name for name in sys.modules if name.startswith("scanned_rules")]:
        del sys.modules[name]


def test_final_classes_are_found_once_in_order_of_their_files(package: ModuleType) -> None:
    found = scan.classes(package, package.Base)
    assert [item.__name__ for item in found] == ["First", "Second"]


def test_values_are_found_alone_and_inside_tuples(package: ModuleType) -> None:
    assert scan.values(package, int) == [1, 3, 5]


def test_an_empty_folder_declares_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scanned_empty").mkdir()
    (tmp_path / "scanned_empty" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    empty = importlib.import_module("scanned_empty")
    assert scan.classes(empty, object) == []
    assert scan.values(empty, int) == []
