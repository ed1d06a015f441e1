"""The command `hub`, first step: what works beside the loading of the program is begun before it.

Making a cluster is the work of other processes and takes a second, making the database ready (preparing.py) takes
some; loading the commands and routes takes nearly two of this one. Hence nothing is imported here but what those need.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from hub.kit.companion import Companion
from hub.kit.loading import loading
from hub.kit.postgres import PostgresServer
from hub.settings import settings

# With nothing behind them: `hub run --help` starts nothing.
RUN, SERVE = ["run"], ["serve"]
PREPARING = "hub.preparing"


def main() -> None:
    """Run the command that was typed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the commands have their own
    try:
        with ExitStack() as stack:
            preparing = go_ahead(sys.argv[1:], stack)
            with loading():
                cli = import_module("hub.cli")
            cli.main(preparing)
    except KeyboardInterrupt:
        sys.exit(0)


def go_ahead(arguments: Sequence[str], stack: ExitStack) -> Companion | None:
    """Begin what this command waits for, and have it ended with the stack; the companion, where there is one.

    It pays for its own loading where there is much to do: for the demo county, in a new folder.
    """
    if arguments not in (RUN, SERVE):
        return None
    try:
        chosen = settings()
    except ValidationError:
        return None  # the command says what is wrong with them
    is_new = not chosen.data_dir.exists() or not any(chosen.data_dir.iterdir())
    server = stack.enter_context(server_ahead(chosen.data_dir)) if chosen.database_url is None else None
    if arguments == SERVE or not is_new or not chosen.demo:
        return None
    preparing = stack.enter_context(Companion(PREPARING))
    if server is not None:
        # Two processors have enough to do with these two, and the companion goes on for seconds from then: what this
        # process loads is wanted last.
        wait([server])
    return preparing


@contextmanager
def server_ahead(folder: Path) -> Iterator[Future[PostgresServer]]:
    """One more user of the folder's server, from now on: whoever opens the database inside waits for it and adopts it.

    Where it cannot start, they try themselves and say why.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        starting = beside.submit(PostgresServer.start, folder)
        try:
            yield starting
        finally:
            if starting.exception() is None:
                starting.result().stop()
