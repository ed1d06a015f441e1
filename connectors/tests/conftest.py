from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from hub_connectors import queue, runner
from hub_connectors.client import HubClient
from hub_connectors.connectors import CONNECTORS
from hub_connectors.database import Database, Target
from hub_connectors.runner import Desk, Finished, Retries
from hub_connectors.settings import HubSettings
from hub_connectors.store import Store
from pydantic import SecretStr

from connectors.tests.fake_hub import FakeHub

MONTHS = ("2026-09", "2026-10")


@dataclass
class Department:
    """One department's desk: a connector, its database, its folder."""

    hub: FakeHub
    folder: Path
    store: Store
    name: str = "poverty-relief"
    waits: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    secret: str = "s3cret"
    target: Target | None = None
    connector: Any = None

    def client(self) -> HubClient:
        settings = HubSettings(
            hub_url="http://hub.test", hub_client_id="client", hub_client_secret=SecretStr(self.secret)
        )
        transport = httpx.MockTransport(self.hub)
        return HubClient(settings, agent="test", transport=transport, sleep=self.waits.append)

    def desk(self) -> Desk:
        connector = self.connector or CONNECTORS[self.name]
        target = self.target or Target(self.store.database)
        return Desk(connector, self.store, target, self.pauses.append, Retries())

    def run(self, period: str = "2026-10", *, changes: bool = False) -> Finished:
        with self.client() as client:
            return runner.run(self.desk(), client, period=period, out=self.folder, wants_changes=changes)

    def replay(self) -> list[Finished]:
        with self.client() as client:
            return [runner.replay(self.desk(), client, entry) for entry in self.waiting(queue.PARKED)]

    def waiting(self, *states: str) -> list[queue.Entry]:
        with self.store.transaction() as connection:
            return queue.waiting(connection, self.name, states or (queue.PENDING, queue.WRITTEN, queue.PARKED))

    def table(self, period: str = "2026-10", database: Database | None = None) -> dict[str, dict[str, Any]]:
        held = database or self.store.database
        table = Target(held).prepare(CONNECTORS[self.name].report_for(period).mapping)
        with held.transaction() as connection:
            rows = connection.execute(table.select()).mappings().all()
        return {row["行政区划代码"]: dict(row) for row in rows if row["报告期"] == period}

    def cells(self, period: str = "2026-10", form: int = 0) -> list[list[Any]]:
        path = self.folder / CONNECTORS[self.name].report_for(period).forms[form].file_name(period)
        with closing(openpyxl.load_workbook(path)) as workbook:
            return [[cell.value for cell in row] for row in workbook.worksheets[0].iter_rows()]

    def cell(self, village: str, column: str, period: str = "2026-10") -> Any:
        cells = self.cells(period)
        header = next(row for row in cells if column in row)
        line = next(row for row in cells if village in row)
        return line[header.index(column)]

    def everything(self) -> dict[str, Any]:
        """The folder's bytes and all tables but the run log: what a failed run must not touch."""
        files = {path.name: path.read_bytes() for path in sorted(self.folder.glob("*"))}
        position = self.store.position(self.name)
        return {"files": files, "position": position, **{period: self.table(period) for period in MONTHS}}


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'department.sqlite'}")) as opened:
        yield opened


@pytest.fixture
def department(hub: FakeHub, store: Store, tmp_path: Path) -> Department:
    return Department(hub=hub, folder=tmp_path / "out", store=store)
