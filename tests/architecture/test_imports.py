"""The layers of the house are kept by import-linter; a breach in a copy of the house is found."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = [{str(folder)!r}, {str(folder / 'connectors')!r}]; {program}",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_house(target: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__", "static", "templates", "data")
    shutil.copytree(ROOT / "hub", target / "hub", ignore=ignore)
    shutil.copytree(ROOT / "connectors" / "hub_connectors", target / "connectors" / "hub_connectors", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", target)


class TestLayers:
    def test_hold(self) -> None:
        result = lint(ROOT)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "3 kept, 0 broken" in result.stdout

    def test_a_breach_is_found(self, tmp_path: Path) -> None:
        copy_house(tmp_path)
        with (tmp_path / "hub" / "registry" / "models.py").open("a") as file:
            file.write("\nfrom hub.capture import models as upwards\n")
        with (tmp_path / "connectors" / "hub_connectors" / "__init__.py").open("a") as file:
            file.write("\nimport hub\n")
        result = lint(tmp_path)
        assert result.returncode != 0
        assert "hub.registry.models -> hub.capture.models" in result.stdout
        assert "1 kept, 2 broken" in result.stdout
