"""What imports have done in the background."""

import asyncio

from hub.imports.files import forget_old_files
from hub.imports.service import TASK
from hub.imports.work import work
from hub.kit.db import Database
from hub.kit.jobs import RecurringJob
from hub.kit.queue import QueuedTask

IMPORTING = QueuedTask(TASK, work)


def forgetting_old_files() -> RecurringJob:
    async def forget(_database: Database) -> None:
        await asyncio.to_thread(forget_old_files)

    return RecurringJob("imports.forget_files", 3600, forget)
