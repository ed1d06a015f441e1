"""What is installed from a wheel is whole: nothing is missed that a checkout has lying beside it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build(folder: Path, out: Path) -> zipfile.ZipFile:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(out.glob("*.whl")))


class TestHubWheel:
    def test_carries_all_it_reads_at_run_time(self, tmp_path: Path) -> None:
        with build(ROOT, tmp_path / "dist") as wheel:
            wheel.extractall(tmp_path / "installed")
        installed = tmp_path / "installed" / "hub"
        for folder in ("migrations", "schemas"):
            shipped = {path.name for path in (installed / "share" / folder).rglob("*") if path.is_file()}
            held = {path.name for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"}
            assert shipped == held
        for folder in ("templates", "static", "locale", "geography/data", "calendar/data", "demo"):
            shipped = {path.name for path in (installed / folder).rglob("*") if path.is_file()}
            held = {
                path.name for path in (ROOT / "hub" / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"
            }
            assert shipped == held, folder

    def test_carries_the_pages_scripts_but_not_their_sources(self, tmp_path: Path) -> None:
        """An installed hub needs no Node: git ignores the built files, so hatch has to be told to take them."""
        with build(ROOT, tmp_path) as wheel:
            names = set(wheel.namelist())
        for entry in (ROOT / "hub" / "browser" / "entries").glob("*.js"):
            assert f"hub/static/built/{entry.name}" in names
        assert [name for name in names if name.startswith("hub/browser/")] == []

    def test_is_built_from_the_sources_archive_without_node(self, tmp_path: Path) -> None:
        """The archive carries the built files with the hash of their sources, so that nothing is built anew."""
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        shutil.unpack_archive(next(tmp_path.glob("*.tar.gz")), tmp_path / "unpacked", filter="data")
        (folder,) = (tmp_path / "unpacked").iterdir()
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env={"PATH": "/nowhere"})
        with zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as wheel:
            assert "hub/static/built/sheet.js" in wheel.namelist()

    def test_finds_them_where_it_is_installed(self, tmp_path: Path) -> None:
        with build(ROOT, tmp_path / "dist") as wheel:
            wheel.extractall(tmp_path / "installed")
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); from hub.settings import share_folder; "
            "print(share_folder('migrations')); print(share_folder('schemas'))"
        )
        found = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "installed")],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert found == [str(tmp_path / "installed" / "hub" / "share" / name) for name in ("migrations", "schemas")]


class TestConnectorsWheel:
    def test_stands_without_the_hub(self, tmp_path: Path) -> None:
        with build(ROOT / "connectors", tmp_path / "dist") as wheel:
            assert not [name for name in wheel.namelist() if name.startswith("hub/")]
            wheel.extractall(tmp_path / "installed")
        program = (
            "import sys; sys.modules['hub'] = None; sys.path.insert(0, sys.argv[1]); "
            "import hub_connectors.cli; print(hub_connectors.__file__)"
        )
        found = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "installed")],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        assert found.startswith(str(tmp_path / "installed"))
