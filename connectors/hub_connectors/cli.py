"""`hub-connector`: one JSON line on standard output for programs, everything else on standard error."""

import json
import logging
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from hub_connectors.client import HubClient
from hub_connectors.connector import Connector
from hub_connectors.connectors import CONNECTORS
from hub_connectors.errors import ConnectorError
from hub_connectors.pull import CHANGES, FULL
from hub_connectors.runner import Finished, run
from hub_connectors.settings import hub_settings, store_settings
from hub_connectors.store import FAILED, INTERRUPTED, SUCCEEDED, Store

VERSION = "0.1.0"

app = typer.Typer(
    help="从采集枢纽取回授权的数据，生成本部门的报表和数据表。",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _known(name: str) -> Connector:
    if name not in CONNECTORS:
        raise typer.BadParameter(f"没有连接器“{name}”，可用的有：{'、'.join(CONNECTORS)}。")
    return CONNECTORS[name]


Named = Annotated[Connector, typer.Argument(metavar="NAME", parser=_known, help=f"连接器：{'、'.join(CONNECTORS)}")]


@app.command("run")
def run_command(
    connector: Named,
    period: Annotated[str, typer.Option(help="报告期，如 2026-11")],
    out: Annotated[Path, typer.Option(file_okay=False, help="放报表的文件夹")],
    *,
    changes: Annotated[bool, typer.Option("--changes", help="只取上次以来的变更")] = False,
) -> None:
    """取数、转换、检查、写报表和数据表、报送回执。"""
    try:
        with closing(Store(store_settings().connector_database_url)) as store:
            finished = _logged_run(connector, store, period, out, wants_changes=changes)
    except (ConnectorError, sa.exc.SQLAlchemyError, OSError) as error:
        typer.echo(_sentence(error), err=True)
        raise typer.Exit(1) from None
    for remark in finished.remarks:
        typer.echo(remark, err=True)
    typer.echo(json.dumps(finished.outcome.as_line(), ensure_ascii=False))


@app.command("runs")
def runs_command(connector: Named) -> None:
    """每次运行一行 JSON：时间、方式、行数、状态、说明；最近的在最后。"""
    try:
        with closing(Store(store_settings().connector_database_url)) as store:
            entries = store.list_runs(connector.name)
    except (ConnectorError, sa.exc.SQLAlchemyError, OSError) as error:
        typer.echo(_sentence(error), err=True)
        raise typer.Exit(1) from None
    for entry in entries:
        typer.echo(json.dumps(asdict(entry), ensure_ascii=False))


def _logged_run(connector: Connector, store: Store, period: str, out: Path, *, wants_changes: bool) -> Finished:
    """Whatever happens, the run log tells of it; only a killed process cannot, and the next run does it then."""
    run_id = store.start_run(connector.name, period, CHANGES if wants_changes else FULL)
    try:
        agent = f"hub-connectors/{VERSION} ({connector.name})"
        with HubClient(hub_settings(), agent=agent) as hub:
            finished = run(
                connector,
                run_id=run_id,
                period=period,
                out=out,
                wants_changes=wants_changes,
                hub=hub,
                store=store,
            )
    except KeyboardInterrupt:
        store.end_run(run_id, INTERRUPTED, "由操作人中断。")
        raise
    except Exception as error:
        store.end_run(run_id, FAILED, _sentence(error))
        raise
    store.end_run(run_id, SUCCEEDED, "；".join(finished.remarks))
    return finished


def _sentence(error: Exception) -> str:
    """A database's own message without the statement: its parameters are the department's data."""
    match error:
        case ConnectorError():
            return str(error)
        case sa.exc.DBAPIError():
            return f"部门数据库出错，未写入任何内容：{error.orig}"
        case sa.exc.SQLAlchemyError():
            return f"部门数据库出错，未写入任何内容：{type(error).__name__}"
        case OSError():
            return f"文件无法写入，未替换原有文件：{error}"
        case _:
            return f"程序内部错误 {type(error).__name__}，未写入任何内容。"


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # a Windows console would refuse the Chinese column names
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    app()
