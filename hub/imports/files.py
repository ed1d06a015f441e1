"""Where the files of imports lie: in the data folder, readable by the hub alone, named by their import."""

import time
from pathlib import Path
from uuid import UUID

from hub.settings import settings

FOLDER = "imports"
KEPT_SECONDS = 7 * 24 * 3600


def import_folder() -> Path:
    return settings().data_dir / FOLDER


def file_of(import_id: UUID) -> Path:
    return import_folder() / str(import_id)


def forget_old_files() -> int:
    """Files that nobody stored within a week, and what an upload that broke off left behind; how many."""
    folder, oldest = import_folder(), time.time() - KEPT_SECONDS
    old = [path for path in folder.iterdir() if path.stat().st_mtime < oldest] if folder.is_dir() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
