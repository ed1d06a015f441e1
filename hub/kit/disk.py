"""The disk of the data folder: writes stop while there is still room for the database to live.

PostgreSQL goes down when its log finds no room, and comes back only when there is some. So below a reserve
the hub refuses writes with a sentence (507, RFC 4918 §11.5), while reading, signing in and the drafts that
are saved stay what they are. The moment there is room again, writing goes on; nothing has to be restarted.
"""

import shutil
import time
from pathlib import Path

from prometheus_client import Gauge

from hub.kit.errors import StorageFull
from hub.kit.i18n import gettext as _

FREE = Gauge("hub_data_folder_free_bytes", "Room on the disk of the data folder", multiprocess_mode="mostrecent")
RESERVE = Gauge("hub_data_folder_reserve_bytes", "Writes stop below this", multiprocess_mode="mostrecent")

LOOKED_AT_SECONDS = 1.0
RETRY_SECONDS = 60


class Disk:
    """The room that is left, looked at no more than once a second."""

    def __init__(self, folder: Path, *, reserve: int) -> None:
        self._folder = folder
        self._reserve = reserve
        self._looked_at = float("-inf")
        self._free = 0
        RESERVE.set(reserve)

    def free(self) -> int:
        now = time.monotonic()
        if now - self._looked_at >= LOOKED_AT_SECONDS:
            self._free = shutil.disk_usage(self._folder).free if self._folder.exists() else self._reserve
            self._looked_at = now
            FREE.set(self._free)
        return self._free

    def check(self) -> None:
        """Raise `StorageFull` before a write is begun."""
        if self._reserve and self.free() < self._reserve:
            raise storage_full()


def storage_full() -> StorageFull:
    """Also said when the database itself had no room: its disk may be another one."""
    return StorageFull(
        _("服务器磁盘空间不足，这次没有保存；以前保存的内容都在。请联系管理员清理磁盘后重试。"),
        retry_after=RETRY_SECONDS,
    )
