"""What is done before a hub serves: the database at its newest revision and, unless unwanted, the demo county in it."""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from hub.commands import failures_told, say, with_database
from hub.demo.county import Materials, load
from hub.kit import logs
from hub.kit.installation import open_database
from hub.settings import settings

INTERRUPTED = 130


def main() -> None:
    """All of the companion's work. What the demo is made from is gathered while the database is waited for."""
    logs.configure("text", "info")
    try:
        with failures_told(), ThreadPoolExecutor(max_workers=1) as beside, prepared(beside.submit(Materials.gather)):
            pass
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)  # nobody may take it for done


@contextmanager
def prepared(gathered: Future[Materials] | None = None) -> Iterator[None]:
    """The database is up and made ready; a private one stays up inside."""
    with open_database(settings()) as address:
        address.migrate()
        if settings().demo:
            load_demo(gathered)
        yield


def load_demo(gathered: Future[Materials] | None = None) -> None:
    """Into an empty hub; the accounts are told to whoever started it."""
    accounts = with_database(lambda database: load(database, settings(), say=say, gathered=gathered))
    if accounts is not None:
        say(accounts.for_people())
