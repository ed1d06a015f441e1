"""One run: pull, map, check, deliver, tell the hub. A failure leaves the old state or the new one, never a mixture."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from hub_connectors import delivering, queue
from hub_connectors.client import HubClient
from hub_connectors.connector import Connector
from hub_connectors.database import Target
from hub_connectors.delivering import Written
from hub_connectors.errors import AnotherRunFinished, ConnectorError, DeliveryParked, ReceiptNotFiled, Stopped
from hub_connectors.gathering import gather, report_of
from hub_connectors.pull import CHANGES, FULL
from hub_connectors.store import FAILED, INTERRUPTED, PARKED, SUCCEEDED, Store
from hub_connectors.wording import sentence

logger = logging.getLogger(__name__)

COMMON_ELEMENT = "village_migrant_workers"
REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The line that a run prints (CONTRACT.md). `file` is the main form, `files` are all of them, it among them."""

    connector: str
    period: str
    mode: str
    rows: int
    changed: int
    file: str
    sha256: str
    columns: dict[str, str]
    files: list[dict[str, str]]

    def as_line(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Finished:
    outcome: Outcome
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a delivery is tried before it is parked, and how long it waits in between: longer every time."""

    attempts: int = 3
    first_wait: float = 2.0
    factor: float = 4.0

    def wait(self, attempt: int) -> float:
        return self.first_wait * self.factor ** (attempt - 1)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run works with. `pause` waits, and ends the run when it is told to stop."""

    connector: Connector
    store: Store
    target: Target
    pause: Callable[[float], None]
    retries: Retries


class RunLog:
    """The run's line in the log; every attempt that failed stands in it."""

    def __init__(self, desk: Desk, period: str, mode: str) -> None:
        self._desk, self.mode = desk, mode
        self._failed: list[dict[str, str]] = []
        self.id = desk.store.start_run(desk.connector.name, period, mode)

    def note_failed_attempt(self, message: str) -> int:
        """How many have failed by now. A log that cannot be written is no reason not to try again."""
        self._failed.append({"at": self._desk.store.timestamp(), "message": message})
        try:
            self._desk.store.note_failed_attempts(self.id, self._failed)
        except sa.exc.SQLAlchemyError as error:
            logger.warning("the run log cannot be written: %s", sentence(error))
        return len(self._failed)

    def end(self, state: str, message: str) -> None:
        self._desk.store.end_run(self.id, state, message)

    def end_with(self, error: BaseException) -> None:
        match error:
            case KeyboardInterrupt():
                self.end(INTERRUPTED, "由操作人中断。")
            case Stopped():
                self.end(INTERRUPTED, sentence(error))
            case DeliveryParked():
                self.end(PARKED, sentence(error))
            case Exception():
                self.end(FAILED, sentence(error))


def run(desk: Desk, hub: HubClient, *, period: str, out: Path, wants_changes: bool) -> Finished:
    """Whatever happens, the run log tells of it; only a killed process cannot, and the next run does it then."""
    log = RunLog(desk, period, CHANGES if wants_changes else FULL)
    try:
        finished = _run(desk, hub, log, period=period, out=out, wants_changes=wants_changes)
    except BaseException as error:
        log.end_with(error)
        raise
    log.end(SUCCEEDED, "；".join(finished.remarks))
    return finished


def replay(desk: Desk, hub: HubClient, entry: queue.Entry) -> Finished:
    """A parked delivery once more, by a person's hand. It does not pull."""
    log = RunLog(desk, entry.period, REPLAY)
    try:
        written = _write_once(desk, log, entry)
        delivering.file_receipts(hub, desk.store, entry)
    except BaseException as error:
        log.end_with(error)
        raise
    log.end(SUCCEEDED, "")
    return Finished(_outcome(desk, entry.period, REPLAY, written), ())


def _run(desk: Desk, hub: HubClient, log: RunLog, *, period: str, out: Path, wants_changes: bool) -> Finished:
    desk.connector.report_for(period)
    pulled = gather(desk.connector, hub, desk.store, period=period, out=out, wants_changes=wants_changes)
    log.mode = pulled.mode
    folder = str(out.resolve())
    with desk.store.transaction() as connection:
        unfinished = queue.waiting(connection, desk.connector.name, queue.UNFINISHED)
    remarks = list(pulled.remarks)
    own = None
    for entry in unfinished:
        if (entry.period, entry.folder) == (period, folder):
            own = entry
        else:
            remarks.extend(_finish_other(desk, hub, pulled.mode, entry))
    if own is None:
        raise AnotherRunFinished
    written = _write_patiently(desk, log, own)
    delivering.file_receipts(hub, desk.store, own)
    return Finished(_outcome(desk, period, pulled.mode, written), tuple(remarks))


def _finish_other(desk: Desk, hub: HubClient, mode: str, entry: queue.Entry) -> list[str]:
    """Another period's table, or what a killed run left: it must not keep this run's own period waiting."""
    if report_of(desk.connector, entry.period) is None:
        return []
    try:
        delivering.write(desk.connector, desk.store, desk.target, entry, run_id=None, mode=mode)
        delivering.file_receipts(hub, desk.store, entry)
    except ReceiptNotFiled as error:
        return [f"{entry.period}：{error}"]
    except (sa.exc.SQLAlchemyError, OSError, ConnectorError) as error:
        with desk.store.transaction() as connection:
            queue.park(connection, entry, 1, sentence(error))
        return [f"{entry.period} 没有交付，已转入待补队列（编号 {entry.id}）：{sentence(error)}"]
    return []


def _write_patiently(desk: Desk, log: RunLog, entry: queue.Entry) -> Written:
    """The hub was reached; now the target is not. It is tried again at growing gaps, then a person is asked."""
    while True:
        try:
            return delivering.write(desk.connector, desk.store, desk.target, entry, run_id=log.id, mode=log.mode)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = sentence(error)
        failed = log.note_failed_attempt(reason)
        if failed >= desk.retries.attempts:
            break
        desk.pause(desk.retries.wait(failed))
    with desk.store.transaction() as connection:
        queue.park(connection, entry, failed, reason)
    raise DeliveryParked(entry.id, failed, reason, desk.connector.name)


def _write_once(desk: Desk, log: RunLog, entry: queue.Entry) -> Written:
    try:
        return delivering.write(desk.connector, desk.store, desk.target, entry, run_id=log.id, mode=log.mode)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        reason = sentence(error)
        log.note_failed_attempt(reason)
        with desk.store.transaction() as connection:
            queue.park(connection, entry, 1, reason)
        raise DeliveryParked(entry.id, entry.attempts + 1, reason, desk.connector.name) from error


def _outcome(desk: Desk, period: str, mode: str, written: Written) -> Outcome:
    common = desk.connector.report_for(period).mapping.column_of(COMMON_ELEMENT)
    files = [{"file": str(file.path), "sha256": file.sha256} for file in written.files]
    main = files[0] if files else {"file": "", "sha256": ""}
    return Outcome(
        desk.connector.name,
        period,
        mode,
        written.rows,
        written.changed,
        main["file"],
        main["sha256"],
        {COMMON_ELEMENT: common} if common else {},
        files,
    )
