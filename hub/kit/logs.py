"""Log lines: JSON for programs, text for a terminal, and never anybody's values.

A line says which request (the answer's X-Request-Id), which route by its template, which caller, how
long. A program is named by its client id, a person by the key of the account and never by name: who
that is stands in the audit log, for whoever may read it. Bodies, query strings, addresses and figures
are not written. What libraries say goes through the same formatter, cut to what cannot hold a value:
an exception's message often quotes one ("Key (id_number)=(…) already exists"), so of an exception its
type, its place in the code and the database's own names are written, and not its message.
"""

import errno
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import psycopg

from hub.kit import json
from hub.kit.errors import HubError
from hub.kit.middleware import FIELDS, request_id

Format = Literal["auto", "json", "text"]

# httpx and alembic tell of each request and each migration; the former with its query string.
_QUIET = ("httpx", "httpcore", "alembic", "hpack")
_NO_REQUEST = "-"


def configure(chosen: Format, level: str, *, stream: TextIO | None = None) -> None:
    """Send every line of this process to standard error; may be called again, the last call counts."""
    target = stream or sys.stderr
    as_text = chosen == "text" or (chosen == "auto" and target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            "request_id": request_id.get() or None,
            **_fields(record),
        }
        error = _error(record)
        if error is not None:
            line["exception"] = list(told(error))
        return json.dumps({name: value for name, value in line.items() if value is not None})


class TextFormatter(logging.Formatter):
    """The same, to be read by a person."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items() if value is not None)
        words = (_time(record), f"{record.levelname:<7}", record.name, request_id.get() or _NO_REQUEST)
        line = " ".join(part for part in (*words, message_of(record), fields) if part)
        error = _error(record)
        return line if error is None else "\n".join([line, *(f"    {told_line}" for told_line in told(error))])


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(record, FIELDS, {})
    return found


def message_of(record: logging.LogRecord) -> str:
    """Ours as it is; of others the first line: asyncio, for one, repeats the exception on the second.

    procrastinate puts a job's arguments into each message; its fields name the job without them.
    """
    job = getattr(record, "job", None)
    if record.name.startswith("procrastinate") and isinstance(job, dict):
        return f"{getattr(record, 'action', '')} {job.get('task_name')} {job.get('id')}"
    return record.getMessage().strip().partition("\n")[0]


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def told(error: BaseException) -> Iterator[str]:
    """An exception and its causes: types, the database's names for what failed, and where; no messages."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        kind = type(current)
        yield " ".join([f"{kind.__module__}.{kind.__qualname__}", *_facts(current)])
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.append(current.__cause__ or (None if current.__suppress_context__ else current.__context__))


def _facts(error: BaseException) -> list[str]:
    """What is known of an error beside its message: names and numbers of ours and of the database's."""
    if isinstance(error, psycopg.Error):
        diagnosis = error.diag
        facts = {
            "sqlstate": error.sqlstate,
            "table": diagnosis.table_name,
            "column": diagnosis.column_name,
            "constraint": diagnosis.constraint_name,
        }
    elif isinstance(error, HubError):
        facts = {"code": error.code}
    elif isinstance(error, OSError):
        facts = {"errno": errno.errorcode.get(error.errno or 0)}
    else:
        facts = {}
    return [f"{name}={fact}" for name, fact in facts.items() if fact]
