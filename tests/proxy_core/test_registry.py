import sys
from pathlib import Path

import pytest

from proxy_core.registry import Named, discover

ITEM = "class Thing:\n    def __init__(self, name): self.name = name\n"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    name = f"shelf_{tmp_path.name}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return name, folder


def _put(folder: Path, child: str, source: str) -> None:
    (folder / child).mkdir()
    (folder / child / "__init__.py").write_text(ITEM + source)


def test_children_are_found_by_their_names(shelf: tuple[str, Path]) -> None:
    name, folder = shelf
    _put(folder, "beta", "THINGS = (Thing('two'),)")
    _put(folder, "alpha", "THINGS = (Thing('one'), Thing('three'))")
    found = discover(name, "THINGS", Named)
    assert list(found) == ["one", "three", "two"]
    assert found["two"].name == "two"


def test_an_empty_shelf_is_an_error(shelf: tuple[str, Path]) -> None:
    with pytest.raises(RuntimeError, match="empty"):
        discover(shelf[0], "THINGS", Named)


@pytest.mark.parametrize("source", ["", "THINGS = ()", "THINGS = [Thing('one')]"])
def test_a_child_that_exports_nothing_is_an_error(shelf: tuple[str, Path], source: str) -> None:
    _put(shelf[1], "alpha", source)
    with pytest.raises(RuntimeError, match=r"alpha must export a non-empty tuple THINGS"):
        discover(shelf[0], "THINGS", Named)


def test_a_name_that_comes_twice_is_an_error(shelf: tuple[str, Path]) -> None:
    _put(shelf[1], "alpha", "THINGS = (Thing('one'),)")
    _put(shelf[1], "beta", "THINGS = (Thing('one'),)")
    with pytest.raises(RuntimeError, match="taken twice"):
        discover(shelf[0], "THINGS", Named)


def test_a_child_that_does_not_import_is_not_passed_over(shelf: tuple[str, Path]) -> None:
    _put(shelf[1], "alpha", "import no_such_module_anywhere")
    with pytest.raises(ModuleNotFoundError):
        discover(shelf[0], "THINGS", Named)
