from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import openpyxl
import pytest
import simplejson
from hub_connectors.client import HubClient
from hub_connectors.connectors import CONNECTORS
from hub_connectors.runner import Finished, run
from hub_connectors.settings import HubSettings
from hub_connectors.store import FAILED, SUCCEEDED, Store
from pydantic import SecretStr

COUNTY = "433124"
TOWNSHIPS = {"433124102": "花垣镇", "433124103": "边城镇"}
VILLAGES = {
    "433124102200": "龙门村",
    "433124102201": "土地村",
    "433124103200": "=1+1",
    "433124103201": "骑马坡村",
}
ALL_ELEMENTS = sorted({element for connector in CONNECTORS.values() for element in connector.mapping.elements})
SPECIAL = {
    "village_migrant_monthly_income": simplejson.loads("4650.10", use_decimal=True),
    "village_migration_channel": "5",
    "village_migration_sector": "2",
    "village_has_employment_workshop": True,
}


def problem(status: int, code: str, detail: str, **headers: str) -> httpx.Response:
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **headers})


def values_of(place: int, period: str) -> dict[str, Any]:
    """Plausible, and different for every village and month; big enough wholes for every cross-check."""
    month = int(period[-2:])
    counts = dict.fromkeys(ALL_ELEMENTS, 10 + place + month)
    wholes = {
        "village_registered_population": 1000 + place,
        "village_registered_households": 400 + place,
        "village_relieved_population": 300,
        "village_labour_force": 500 + place,
        "village_migrant_workers": 200 + place + month,
        "village_monitored_households": 90,
        "village_monitored_persons": 270,
    }
    return {**counts, **wholes, **SPECIAL}


@dataclass
class FakeHub:
    """The counter of CONTRACT.md in a hundred lines, with places to break it."""

    periods: tuple[str, ...] = ("2026-09", "2026-10")
    page_limit: int = 2
    granted: set[str] = field(default_factory=lambda: set(ALL_ELEMENTS))
    grants: str = "G-2026-0001"
    values: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    missing: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    first_good_cursor: int = 0
    tokens: set[str] = field(default_factory=set)
    issued: int = 0
    requests: list[httpx.Request] = field(default_factory=list)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    fault: Callable[[httpx.Request], httpx.Response | None] | None = None

    def __post_init__(self) -> None:
        for period in self.periods:
            for place, village in enumerate(VILLAGES):
                self.values[period, village] = values_of(place, period)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.fault is not None and (response := self.fault(request)) is not None:
            return response
        if request.url.path == "/oauth/token":
            return self._token(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return problem(401, "token_invalid", "令牌无效或已过期。")
        path = request.url.path.removeprefix("/api/v1")
        if path == "/data-values":
            return self._data_values(request.url.params)
        if path == "/changes":
            return self._changes(request.url.params)
        if path.startswith("/divisions"):
            return self._divisions(path, request.url.params)
        if path == "/receipts" and request.method == "POST":
            return self._receipt(request)
        return problem(404, "not_found", "没有这个地址。")

    def change(self, period: str, village: str, kind: str = "correction", **values: Any) -> None:
        row = self.values.setdefault((period, village), {})
        missing = self.missing.setdefault((period, village), {})
        for element, value in values.items():
            row[element] = value
            missing.pop(element, None)
        self._append(period, village, kind, values, {})

    def report_missing(self, period: str, village: str, **reasons: str) -> None:
        self.values[period, village].update(dict.fromkeys(reasons))
        self.missing.setdefault((period, village), {}).update(reasons)
        self._append(period, village, "correction", dict.fromkeys(reasons), reasons)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]

    def _append(self, period: str, village: str, kind: str, values: Any, missing: Any) -> None:
        item = self._item(period, village, values, missing)
        self.log.append({**item, "object_class": "village", "kind": kind})

    def _item(self, period: str, village: str, values: Any, missing: Any) -> dict[str, Any]:
        return {
            "division": village,
            "period": period,
            "entity": None,
            "values": values,
            "missing": missing,
            "versions": dict.fromkeys(values, 1),
            "revision": len(self.log) + 1,
            "submitted_at": "2026-11-01T02:03:04Z",
            "unheard_of": "readers ignore what they don't know",
        }

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: parts[0] for name, parts in parse_qs(request.content.decode()).items()}
        if form != {"grant_type": "client_credentials", "client_id": "client", "client_secret": "s3cret"}:
            return problem(401, "invalid_client", "客户端标识或密钥不正确。")
        self.issued += 1
        self.tokens.add(f"token-{self.issued}")
        body = {"access_token": f"token-{self.issued}", "token_type": "Bearer", "expires_in": 1800, "scope": ""}
        return httpx.Response(200, json=body)

    def _data_values(self, query: httpx.QueryParams) -> httpx.Response:
        elements = query["elements"].split(",")
        if refused := sorted(set(elements) - self.granted):
            return problem(403, "not_granted", f"未获授权的数据元：{'、'.join(refused)}。请在“授权”页申请。")
        if query["period"] not in self.periods:
            return problem(403, "not_granted", f"未获授权的报告期：{query['period']}。")
        held = sorted(key for key in self.values if key[0] == query["period"])
        start = int(query.get("after", "p0")[1:])
        limit = min(self.page_limit, int(query["limit"]))
        items = []
        for key in held[start : start + limit]:
            chosen = {name: value for name, value in self.values[key].items() if name in elements}
            reasons = {name: why for name, why in self.missing.get(key, {}).items() if name in elements}
            items.append(self._item(*key, chosen, reasons))
        after = f"p{start + limit}" if start + limit < len(held) else None
        headers = {"Hub-Cursor": f"c{len(self.log)}", "Hub-Grant": self.grants, "ETag": '"1"'}
        return _exact({"items": items, "next": after}, headers)

    def _changes(self, query: httpx.QueryParams) -> httpx.Response:
        start = int(query["after"][1:])
        if start < self.first_good_cursor:
            return problem(410, "cursor_expired", "游标已失效，请重新全量取数。")
        end = min(start + self.page_limit, len(self.log))
        return _exact({"items": self.log[start:end], "next": f"c{end}"}, {})

    def _divisions(self, path: str, query: httpx.QueryParams) -> httpx.Response:
        names = {**TOWNSHIPS, **VILLAGES}
        if path != "/divisions":
            code = path.rpartition("/")[2]
            return httpx.Response(200, json=_division(code, names[code]))
        children = [_division(code, name) for code, name in names.items() if _parent(code) == query["parent"]]
        return httpx.Response(200, json={"items": children, "next": None})

    def _receipt(self, request: httpx.Request) -> httpx.Response:
        body = simplejson.loads(request.content)
        key = request.headers["Idempotency-Key"]
        if self.receipts.setdefault(key, body) != body:
            return problem(409, "idempotency_key_reused", "同一个幂等键用于不同的内容。")
        return httpx.Response(201, json={"number": f"R-{len(self.receipts)}"})


def _exact(body: Any, headers: dict[str, str]) -> httpx.Response:
    content = simplejson.dumps(body, use_decimal=True).encode()
    return httpx.Response(200, content=content, headers={"Content-Type": "application/json", **headers})


def _parent(code: str) -> str:
    return code[:9] if len(code) == 12 else code[:6]


def _division(code: str, name: str) -> dict[str, str]:
    level = "village" if len(code) == 12 else "township"
    return {"code": code, "name": name, "level": level, "parent_code": _parent(code)}


@dataclass
class Department:
    """One department's desk: a connector, its database, its folder."""

    hub: FakeHub
    folder: Path
    store: Store
    name: str = "poverty-relief"
    waits: list[float] = field(default_factory=list)
    secret: str = "s3cret"

    def client(self) -> HubClient:
        settings = HubSettings(
            hub_url="http://hub.test", hub_client_id="client", hub_client_secret=SecretStr(self.secret)
        )
        transport = httpx.MockTransport(self.hub)
        return HubClient(settings, agent="test", transport=transport, sleep=self.waits.append)

    def run(self, period: str = "2026-10", *, changes: bool = False) -> Finished:
        run_id = self.store.start_run(self.name, period, "changes" if changes else "full")
        try:
            with self.client() as client:
                finished = run(
                    CONNECTORS[self.name],
                    run_id=run_id,
                    period=period,
                    out=self.folder,
                    wants_changes=changes,
                    hub=client,
                    store=self.store,
                )
        except Exception as error:
            self.store.end_run(run_id, FAILED, str(error))
            raise
        self.store.end_run(run_id, SUCCEEDED, "")
        return finished

    def table(self, period: str = "2026-10") -> dict[str, dict[str, Any]]:
        table = self.store.prepare(CONNECTORS[self.name].mapping)
        with self.store.transaction() as connection:
            rows = connection.execute(table.select()).mappings().all()
        return {row["行政区划代码"]: dict(row) for row in rows if row["报告期"] == period}

    def cells(self, period: str = "2026-10") -> list[list[Any]]:
        path = self.folder / CONNECTORS[self.name].layout.file_name(period)
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
        return {"files": files, "position": position, **{p: self.table(p) for p in self.hub.periods}}


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
