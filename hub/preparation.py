"""What is done before a hub serves: the database at its newest revision and, unless unwanted, the demo county in it."""

import sys

from hub.commands import failures_told, say, with_database
from hub.demo import county as demo_county
from hub.kit import logs
from hub.kit.installation import open_database
from hub.settings import settings

INTERRUPTED = 130


def main() -> None:
    """The first half of `hub run`."""
    logs.configure("text", "info")
    try:
        with failures_told(), open_database(settings()) as address:
            address.migrate()
            if settings().demo:
                load_demo()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)  # nobody may take it for done


def load_demo() -> None:
    """Into an empty hub; the accounts are told to whoever started it."""
    accounts = with_database(lambda database: demo_county.load(database, settings(), say=say))
    if accounts is not None:
        say(accounts.for_people())
