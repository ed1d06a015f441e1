"""`--every`: runs again and again in one process, until it is told to stop."""

import random
import re
import signal
import time
from collections.abc import Callable
from threading import Event

from hub_connectors.errors import SettingsFault, Stopped

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST_JITTER = 300.0


class Stop:
    """SIGTERM and Ctrl-C: a run under way is finished, or ends in its next wait; a wait between runs ends at once."""

    def __init__(self) -> None:
        self._event = Event()

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)

    def pause(self, seconds: float) -> None:
        if self.wait(seconds):
            raise Stopped


def interval(text: str) -> float:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhdw])", text)
    if match is None:
        raise SettingsFault(f"间隔“{text}”无效：写作 30m、12h、1d 或 1w。")
    return float(int(match[1]) * SECONDS[match[2]])


def repeat(
    every: float,
    run_once: Callable[[], None],
    wait: Callable[[float], bool],
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[float, float], float] = random.uniform,
) -> None:
    """Counted from the start of each run, so that long runs do not push the hour. A little chance is added, so that a
    county's connectors, all started by the same power cut, do not ask at the same second.
    """
    while True:
        started = clock()
        run_once()
        left = max(0.0, every - (clock() - started))
        if wait(left + chance(0.0, min(every / 10, LONGEST_JITTER))):
            return
