"""The hub's counter as the connectors see it: CONTRACT.md in a hundred lines, with places to break it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import simplejson
from hub_connectors.connectors import CONNECTORS

COUNTY = "433124"
TOWNSHIPS = {"433124102": "花垣镇", "433124103": "边城镇"}
VILLAGES = {
    "433124102200": "龙门村",
    "433124102201": "土地村",
    "433124103200": "=1+1",
    "433124103201": "骑马坡村",
}
ALL_ELEMENTS = sorted({element for connector in CONNECTORS.values() for element in connector.elements})
SPECIAL = {
    "village_migrant_monthly_income": simplejson.loads("4650.10", use_decimal=True),
    "village_migration_channel": "5",
    "village_migration_sector": "2",
    "village_has_employment_workshop": True,
    "village_has_passenger_bus": False,
    "village_net_income_per_head": simplejson.loads("1.4826", use_decimal=True),
    "village_minimum_living_base_amount": simplejson.loads("12345.60", use_decimal=True),
    "village_minimum_living_category_amount": simplejson.loads("654.40", use_decimal=True),
    "village_minimum_living_amount": 13000,
}
WHOLES = {
    "village_relieved_population": 300,
    "village_labour_force_18_to_60": 500,
    "village_monitored_households": 90,
    "village_monitored_persons": 270,
    "village_relieved_workers": 150,
    "village_disabled_persons": 90,
    "village_absent_population": 300,
}
AGES = ("0_to_5", "6_to_13", "14_to_15")
SUMS = {
    "village_transferred_in_county": ("village_local_workers", "village_migrant_workers_in_county"),
    "village_migrant_workers_out_of_county": (
        "village_migrant_workers_in_province",
        "village_migrant_workers_out_of_province",
    ),
    "village_destitute_persons": ("village_destitute_centralised", "village_destitute_dispersed"),
    **{
        f"village_left_behind_children_{age}": (f"village_left_behind_boys_{age}", f"village_left_behind_girls_{age}")
        for age in AGES
    },
    "village_left_behind_children_at_quarter_end": tuple(f"village_left_behind_children_{age}" for age in AGES),
}


def problem(status: int, code: str, detail: str, **headers: str) -> httpx.Response:
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **headers})


def values_of(place: int, period: str) -> dict[str, Any]:
    """Plausible, and different for every village and period; big enough wholes for every cross-check."""
    part = int(period[-2:].lstrip("Q"))
    counts = dict.fromkeys(ALL_ELEMENTS, 10 + place + part)
    places = {
        "village_registered_population": 1000 + place,
        "village_registered_households": 400 + place,
        "village_labour_force": 500 + place,
        "village_migrant_workers": 200 + place + part,
    }
    values: dict[str, Any] = {**counts, **WHOLES, **places, **SPECIAL}
    for whole, parts in SUMS.items():
        values[whole] = sum(values[part] for part in parts)
    return values


@dataclass
class FakeHub:
    """The counter of CONTRACT.md in a hundred lines, with places to break it."""

    periods: tuple[str, ...] = ("2026-09", "2026-10", "2026-Q3", "2026")
    page_limit: int = 2
    townships: dict[str, str] = field(default_factory=lambda: dict(TOWNSHIPS))
    villages: dict[str, str] = field(default_factory=lambda: dict(VILLAGES))
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
    parents: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for period in self.periods:
            for place, village in enumerate(self.villages):
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
        names = {COUNTY: "花垣县", **self.townships, **self.villages}
        if path != "/divisions":
            code = path.rpartition("/")[2]
            return httpx.Response(200, json=self._division(code, names[code]))
        every = [self._division(code, name) for code, name in names.items()]
        children = [division for division in every if division["parent_code"] == query["parent"]]
        return httpx.Response(200, json={"items": children, "next": None})

    def _division(self, code: str, name: str) -> dict[str, str]:
        level = {12: "village", 9: "township"}.get(len(code), "county")
        above = {12: code[:9], 9: code[:6]}.get(len(code), code[:4])
        return {"code": code, "name": name, "level": level, "parent_code": self.parents.get(code, above)}

    def _receipt(self, request: httpx.Request) -> httpx.Response:
        body = simplejson.loads(request.content)
        key = request.headers["Idempotency-Key"]
        if self.receipts.setdefault(key, body) != body:
            return problem(409, "idempotency_key_reused", "同一个幂等键用于不同的内容。")
        return httpx.Response(201, json={"number": f"R-{len(self.receipts)}"})


def _exact(body: Any, headers: dict[str, str]) -> httpx.Response:
    content = simplejson.dumps(body, use_decimal=True).encode()
    return httpx.Response(200, content=content, headers={"Content-Type": "application/json", **headers})
