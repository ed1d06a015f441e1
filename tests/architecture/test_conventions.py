"""What STYLE.md asks of every file, where no linter asks it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "hub").rglob("*.py"), *(ROOT / "connectors" / "hub_connectors").rglob("*.py")])
SCRIPTS = sorted(path for path in (ROOT / "hub" / "browser").rglob("*.js") if "node_modules" not in path.parts)
LONGEST_FUNCTION, LONGEST_MODULE = 40, 400
WORKBOOK_MAKERS = {ROOT / "hub/kit/spreadsheets.py", ROOT / "connectors/hub_connectors/workbook.py"}
SQL_WORDS = {"select", "insert", "update", "delete", "text"}
# Where SQL may stand besides repositories: the kit's own tables and the database's plumbing.
SQL_ROOMS = ("repository.py", "models.py")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def too_long(path: Path) -> list[str]:
    return [
        f"{path.name}:{node.lineno} {node.name}"
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]


def reads_environment(path: Path) -> bool:
    return re.search(r"os\.environ|getenv", path.read_text(encoding="utf-8")) is not None


def makes_workbooks(path: Path) -> bool:
    """An annotation makes none; a call does."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return any(ast.unparse(called) in {"Workbook", "xlsxwriter.Workbook", "openpyxl.Workbook"} for called in calls)


def sql_imports(path: Path) -> set[str]:
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlalchemy", "sqlalchemy.dialects.postgresql"}
        for alias in node.names
    } & SQL_WORDS


def test_the_house_is_seen() -> None:
    assert len(SOURCES) > 100
    assert len(SCRIPTS) > 30


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
class TestScripts:
    def test_rooms_are_small(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE

    def test_nothing_is_left_for_later(self, path: Path) -> None:
        assert not re.search(r"\b(TODO|FIXME|XXX)\b|debugger;|console\.", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
class TestSources:
    def test_rooms_are_small(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
        assert too_long(path) == []

    def test_one_place_makes_workbooks(self, path: Path) -> None:
        """Its workbooks turn no text into a formula (REL-S6)."""
        assert path in WORKBOOK_MAKERS or not makes_workbooks(path)

    def test_settings_alone_read_the_environment(self, path: Path) -> None:
        assert not reads_environment(path) or path.name == "settings.py"

    def test_sql_stands_in_repositories(self, path: Path) -> None:
        if path.name.endswith(SQL_ROOMS) or ROOT / "hub" / "kit" in path.parents or "hub_connectors" in path.parts:
            return
        assert sql_imports(path) == set()

    def test_nothing_is_left_for_later(self, path: Path) -> None:
        assert not re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", path.read_text(encoding="utf-8"))


class TestTheChecksThemselves:
    def test_find_what_they_look_for(self, tmp_path: Path) -> None:
        path = tmp_path / "service.py"
        path.write_text("from sqlalchemy import select\nimport os\nos.environ\ndef long():\n" + "    pass\n" * 41)
        assert too_long(path) == ["service.py:4 long"]
        assert reads_environment(path)
        assert not makes_workbooks(path)
        assert all(makes_workbooks(maker) for maker in WORKBOOK_MAKERS)
        assert sql_imports(path) == {"select"}
