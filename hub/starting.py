"""The command `hub`, first step: a private database server starts while the program is still being loaded.

Making a cluster is the work of another process and takes a second; loading the commands takes nearly two of this one.
Hence nothing is imported here but what that server needs.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from hub.kit.postgres import PostgresServer
from hub.settings import settings

# With nothing behind them: `hub run --help` starts no server.
COMMANDS_THAT_SERVE = (["run"], ["serve"])


def main() -> None:
    """Run the command that was typed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the commands have their own
    folder = _folder_of_a_private_server(sys.argv[1:])
    try:
        with server_ahead(folder) if folder else nullcontext():
            import_module("hub.cli").main()
    except KeyboardInterrupt:
        sys.exit(0)


def _folder_of_a_private_server(arguments: Sequence[str]) -> Path | None:
    if arguments not in COMMANDS_THAT_SERVE:
        return None
    try:
        chosen = settings()
    except ValidationError:
        return None  # the command says what is wrong with them
    return chosen.data_dir if chosen.database_url is None else None


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
