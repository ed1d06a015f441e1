"""deploy/offline/install, on a folder with a hub of one line: versions stand beside each other, whole or not at all."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALL = Path(__file__).parents[2] / "deploy" / "offline" / "install"
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "collect-once-hub"
version = "{version}"
[project.scripts]
hub = "stand_in:main"
[tool.hatch.build.targets.wheel]
packages = ["stand_in"]
"""


def make_folder(folder: Path, version: str) -> Path:
    """What `make wheels` fills, with a stand-in for the hub."""
    source = folder / "source"
    (source / "stand_in").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PROJECT.format(version=version), encoding="utf-8")
    (source / "stand_in" / "__init__.py").write_text("def main():\n    print('ready')\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"collect-once-hub=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    (folder / "SHA256SUMS").write_text(f"{digest}  ./{wheel.name}\n", encoding="utf-8")
    shutil.copy(INSTALL, folder / "install")
    return folder


def install(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """As on a machine whose pip knows no index."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return subprocess.run(
        [str(folder / "install"), str(target), sys.executable],
        env=environment | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_versions_stand_beside_each_other_and_a_refused_one_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "opt"
    first = install(make_folder(tmp_path / "first", "1.0"), target)
    assert first.returncode == 0, first.stderr
    current = target / "current"
    assert current.readlink() == Path("1.0")
    hub = current / "bin" / "hub"
    assert subprocess.run([str(hub)], capture_output=True, text=True, check=True).stdout == "ready\n"

    again = install(tmp_path / "first", target)
    assert again.returncode == 1
    assert "already" in again.stderr

    other = make_folder(tmp_path / "other", "2.0")
    (other / "requirements.txt").write_text(f"collect-once-hub==2.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert install(other, target).returncode != 0  # not the wheel that the lock names
    assert current.readlink() == Path("1.0")
    assert not (target / "2.0").exists()

    second = install(make_folder(tmp_path / "second", "2.0"), target)
    assert second.returncode == 0, second.stderr
    assert current.readlink() == Path("2.0")
    assert (target / "1.0").exists()  # what to roll back to
