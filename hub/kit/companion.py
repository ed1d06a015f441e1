"""A second process of ours, which works beside this one and never outlives it.

It reads from a pipe that only this process writes to, and nothing is ever written: whichever of the two ends, however
it ends, the other one is told.
"""

import os
import select
import signal
import subprocess
import sys
from threading import Thread, main_thread
from types import TracebackType
from typing import Self

ENDING_SECONDS = 30


class Companion:
    """Begun when it is made; leaving the context ends it, wherever it stands, and waits for its end."""

    def __init__(self, module: str) -> None:
        # -P: what lies in the working directory is not the program.
        self._process = subprocess.Popen([sys.executable, "-P", "-m", module], stdin=subprocess.PIPE)  # noqa: S603

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Its exit status, when it has done its work; negative: the signal that killed it.

        Not by `Popen.wait`: since polars has a hand in SIGINT, that goes on waiting through Ctrl-C.
        """
        if self._process.stdin is not None and not self._process.stdin.closed:
            end = select.poll()
            end.register(self._process.stdin, 0)  # no event but the error that nobody reads it any more
            end.poll()
        return self._process.wait()


def end_with_parent() -> None:
    """Said by the companion, first of all: from now on it is interrupted, as by Ctrl-C, when its parent is gone."""
    Thread(target=_interrupt_when_alone, daemon=True).start()


def _interrupt_when_alone() -> None:
    while os.read(0, 1):
        pass
    main = main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGINT)
