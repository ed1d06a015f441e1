"""Putting the file where the department looks for it: whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Delivery:
    """Write aside, flush, rename. Until `withdraw` is ruled out, the file that stood there before is kept."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._new = target.with_name(f".{target.name}.new")
        self._previous = target.with_name(f".{target.name}.previous")
        self._is_published = False

    def publish(self, content: bytes) -> None:
        if self.target.is_file() and self.target.read_bytes() == content:
            return
        with self._new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if self.target.exists():
            shutil.copy2(self.target, self._previous)  # a copy, so that a reader finds a file at every moment
        self._new.replace(self.target)
        self._is_published = True

    def withdraw(self) -> None:
        """The transaction that goes with the file failed: what stood there before stands there again."""
        self._new.unlink(missing_ok=True)
        if not self._is_published:
            return
        if self._previous.exists():
            self._previous.replace(self.target)
        else:
            self.target.unlink(missing_ok=True)

    def settle(self) -> None:
        self._previous.unlink(missing_ok=True)


@contextmanager
def delivery(target: Path) -> Iterator[Delivery]:
    """Stands outside the database's transaction, so that a failing commit takes the file back with it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    pending = Delivery(target)
    try:
        yield pending
    except BaseException:
        pending.withdraw()
        raise
    pending.settle()
