"""Files that only grow, line by line."""

import errno
import fcntl
import os
from pathlib import Path

_LONGEST_TORN = 64 * 1024


def append_line(path: Path, line: str) -> None:
    """Add a line, whole or not at all; what a crash or a full disk once left of a line goes first.

    Without that the next line would be glued to the torn one, and both would be unreadable. Safe beside
    other processes that append.
    """
    data = f"{line}\n".encode()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end = _end_of_last_line(descriptor)
        os.ftruncate(descriptor, end)
        written = 0
        try:
            written = os.pwrite(descriptor, data, end)
        finally:
            if written < len(data):
                os.ftruncate(descriptor, end)
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def _end_of_last_line(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    start = max(0, size - _LONGEST_TORN)
    return start + os.pread(descriptor, size - start, start).rfind(b"\n") + 1
