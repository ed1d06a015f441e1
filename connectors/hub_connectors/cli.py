"""`hub-connector`: one JSON line on standard output for programs, everything else on standard error."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from hub_connectors import queue, runner
from hub_connectors.client import HubClient
from hub_connectors.codes import read_codes
from hub_connectors.connector import Connector
from hub_connectors.connectors import CONNECTORS
from hub_connectors.database import Database, Target
from hub_connectors.errors import ConnectorError, Stopped
from hub_connectors.mapping import Kind
from hub_connectors.periods import last_complete_month
from hub_connectors.runner import Desk, Finished, Retries
from hub_connectors.schedule import Stop, interval, repeat
from hub_connectors.settings import hub_settings, store_settings
from hub_connectors.store import Store
from hub_connectors.wording import sentence

VERSION = "0.1.0"

app = typer.Typer(
    help="从采集枢纽取回授权的数据，生成本部门的报表和数据表。",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

FAILURES = (ConnectorError, sa.exc.SQLAlchemyError, OSError)


def _known(name: str) -> Connector:
    if name not in CONNECTORS:
        raise typer.BadParameter(f"没有连接器“{name}”，可用的有：{'、'.join(CONNECTORS)}。")
    return CONNECTORS[name]


Named = Annotated[Connector, typer.Argument(metavar="NAME", parser=_known, help=f"连接器：{'、'.join(CONNECTORS)}")]


@app.command("run")
def run_command(
    connector: Named,
    out: Annotated[Path, typer.Option(file_okay=False, help="放报表的文件夹")],
    period: Annotated[str | None, typer.Option(help="报告期，如 2026-11、2026-Q4、2026；默认上个月")] = None,
    *,
    changes: Annotated[bool, typer.Option("--changes", help="只取上次以来的变更")] = False,
    every: Annotated[str | None, typer.Option(help="每隔多久运行一次，如 12h、1d；不写只运行一次")] = None,
) -> None:
    """取数、转换、检查、写报表和数据表、报送回执。"""

    def run_once(pause: Callable[[float], None]) -> Finished:
        asked = period or last_complete_month(datetime.now(UTC))
        with _desk(connector, pause) as desk, _hub(connector, pause) as hub:
            return runner.run(desk, hub, period=asked, out=out, wants_changes=changes)

    if every is not None:
        _repeat(every, run_once)
        return
    with _told_failures():
        _tell(run_once(time.sleep))


@app.command("runs")
def runs_command(connector: Named) -> None:
    """每次运行一行 JSON：时间、方式、行数、状态、说明；最近的在最后。"""
    with _told_failures(), _desk(connector, time.sleep) as desk:
        entries = desk.store.list_runs(connector.name)
    for entry in entries:
        typer.echo(json.dumps(asdict(entry), ensure_ascii=False))


@app.command("parked")
def parked_command(connector: Named) -> None:
    """待补队列：已取回但没能交付的，每条一行 JSON。"""
    with _told_failures(), _desk(connector, time.sleep) as desk:
        entries = _parked(desk)
    for entry in entries:
        typer.echo(json.dumps(asdict(entry), ensure_ascii=False))


@app.command("replay")
def replay_command(
    connector: Named, number: Annotated[int | None, typer.Argument(metavar="[ID]", help="编号；不写则全部")] = None
) -> None:
    """补交待补队列里的报表和数据，不重新取数。"""
    has_failed = False
    with _told_failures(), _desk(connector, time.sleep) as desk, _hub(connector, time.sleep) as hub:
        entries = [entry for entry in _parked(desk) if number in {None, entry.id}]
        if number is not None and not entries:
            raise ConnectorError(f"待补队列里没有编号 {number}。")
        for entry in entries:
            try:
                _tell(runner.replay(desk, hub, entry))
            except FAILURES as error:
                typer.echo(sentence(error), err=True)
                has_failed = True
    if has_failed:
        raise typer.Exit(1)


def _parked(desk: Desk) -> list[queue.Entry]:
    with desk.store.transaction() as connection:
        return queue.waiting(connection, desk.connector.name, [queue.PARKED])


def _repeat(every: str, run_once: Callable[[Callable[[float], None]], Finished]) -> None:
    """A run that failed is told and tried again when its time comes: whoever watches reads the log."""
    stop = Stop()

    def run_and_tell() -> None:
        try:
            _tell(run_once(stop.pause))
        except Stopped as stopped:
            typer.echo(str(stopped), err=True)
        except FAILURES as error:
            typer.echo(sentence(error), err=True)

    with _told_failures():
        seconds = interval(every)
        hub_settings()  # what no waiting mends is told at once
        stop.listen()
        repeat(seconds, run_and_tell, stop.wait)


@contextmanager
def _told_failures() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        typer.echo(sentence(error), err=True)
        raise typer.Exit(1) from None


@contextmanager
def _desk(connector: Connector, pause: Callable[[float], None]) -> Iterator[Desk]:
    settings = store_settings()
    if settings.connector_codes is not None:
        columns = [column for report in connector.reports for column in report.mapping.columns]
        lists = {column.element for column in columns if column.kind is Kind.CODE}
        connector = connector.with_codes(read_codes(settings.connector_codes, lists))
    store = Store(settings.state_url)
    target = Target(store.database, Database(settings.connector_database_url))
    try:
        yield Desk(connector, store, target, pause, Retries(first_wait=settings.connector_retry_wait))
    finally:
        target.close()
        store.close()


def _hub(connector: Connector, pause: Callable[[float], None]) -> HubClient:
    return HubClient(hub_settings(), agent=f"hub-connectors/{VERSION} ({connector.name})", sleep=pause)


def _tell(finished: Finished) -> None:
    for remark in finished.remarks:
        typer.echo(remark, err=True)
    typer.echo(json.dumps(finished.outcome.as_line(), ensure_ascii=False))


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # a Windows console would refuse the Chinese column names
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    app()
