"""What elements are found by, made for every version that has nothing yet.

Each version gets its entry in the transaction that registers it. What was registered by an older program, restored
from an older backup or indexed by an older scheme gets it here, when a process starts and then now and again.
"""

from hub.kit.db import Database
from hub.kit.jobs import RecurringJob
from hub.registry import repository, rows, search_repository
from hub.registry.specifications import element_definition

AT_ONCE = 500
EVERY_SECONDS = 600.0


async def index_missing(database: Database) -> int:
    """How many entries were made; piece by piece, so that no transaction is long."""
    made = 0
    while True:
        async with database.transaction() as session:
            versions = await search_repository.list_unindexed(session, AT_ONCE)
            if not versions:
                return made
            await repository.lock_registry(session)
            # Another process may have made them while this one waited.
            versions = await search_repository.list_unindexed(session, AT_ONCE)
            entries = [rows.search_entry(element_definition(one), one.version) for one in versions]
            await search_repository.replace_entries(session, entries)
            made += len(entries)


def indexing_elements() -> RecurringJob:
    return RecurringJob("element-search-index", EVERY_SECONDS, index_missing)
