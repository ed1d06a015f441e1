"""The files of the data folder that belong to a database: backed up with it, and changed in step with it.

A database's commit and a rename cannot be one step. A restore therefore lays the files ready in a folder
named by the generation it is about to commit; whoever opens the hub next puts them in place when the
database really stands at that generation.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from hub.kit.files import create_private, make_durable, replace_private

# The key that signs heads, the witness beside the database, the key that second factors are sealed with, and the
# demo's accounts. Settings are the operator's.
FILES = ("audit-signing-key.pem", "audit-heads.jsonl", "sealing-key", "demo-accounts.json")
_READY, _REPLACED = "restore-", "before-restore-"


def read(folder: Path) -> dict[str, bytes]:
    """Those of the files that there are."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def lay_ready(folder: Path, generation: UUID, contents: Iterable[tuple[str, bytes]]) -> Path:
    """Write the files, down to the disk, beside their places."""
    ready = folder / f"{_READY}{generation}"
    ready.mkdir(mode=0o700, parents=True)
    for name, content in contents:
        create_private(ready / name, content)
    make_durable(ready)
    make_durable(folder)
    return ready


def is_unsettled(folder: Path) -> bool:
    """Whether a restore laid files ready and did not see its own end."""
    return any(folder.glob(f"{_READY}*"))


def settle(folder: Path, generation: UUID) -> Path | None:
    """Put the generation's files in place; the folder that those went to which they replace, if any.

    Safe to run again after a kill: what is laid ready stays whole until everything is in place.
    """
    ready, replaced = folder / f"{_READY}{generation}", folder / f"{_REPLACED}{generation}"
    if not ready.exists():
        return None
    for name in FILES:
        held, fresh = folder / name, ready / name
        content = fresh.read_bytes() if fresh.exists() else None
        if held.exists() and held.read_bytes() != content and not (replaced / name).exists():
            replaced.mkdir(mode=0o700, exist_ok=True)
            held.rename(replaced / name)
        if content is not None:
            replace_private(held, content)
    make_durable(folder)
    settled = folder / f".{ready.name}"
    ready.rename(settled)
    shutil.rmtree(settled)
    return replaced if replaced.exists() else None


def discard(folder: Path, *, but: UUID | None = None) -> None:
    """Remove what restores that never committed laid ready."""
    for ready in folder.glob(f"{_READY}*"):
        if ready.name != f"{_READY}{but}":
            shutil.rmtree(ready)
