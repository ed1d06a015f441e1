"""A file of a form on its way to the child: on disk, under a name of ours, for as long as it is read."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import UploadFile


@asynccontextmanager
async def on_disk(received: UploadFile) -> AsyncIterator[Path]:
    """What the sender called it is no path: it may climb out of a folder or name a device."""
    with tempfile.TemporaryDirectory(prefix="hub-received-") as folder:
        path = Path(folder) / "upload"
        await received.seek(0)
        await asyncio.to_thread(_copy, received.file, path)
        yield path


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(source, target)
