"""The hub over HTTP: a token, pages, patience, and the hub's own words when it refuses."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx

from hub_connectors.errors import HubAnswerInvalid, HubRefused, HubUnreachable
from hub_connectors.settings import HubSettings
from hub_connectors.wire import (
    ChangeItem,
    ChangePage,
    Division,
    DivisionPage,
    Token,
    ValueItem,
    ValuePage,
    parse,
    refusal,
)

logger = logging.getLogger(__name__)

P = TypeVar("P", ValuePage, DivisionPage)

PAGE_SIZE = 1000
RETRIED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Patience:
    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 120.0

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds until the next attempt; None when the hub asks for more patience than a run has."""
        asked = _retry_after(response) if response is not None else None
        grown = self.first_wait * 2.0 ** (attempt - 1)
        if asked is not None and asked > self.longest_wait:
            return None
        return min(max(grown, asked or 0.0), self.longest_wait)


def _retry_after(response: httpx.Response) -> float | None:
    """RFC 9110 10.2.3 allows seconds or a date."""
    raw: str = response.headers.get("Retry-After", "").strip()
    if raw.isascii() and raw.isdigit():
        return float(raw)
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class PulledValues:
    items: tuple[ValueItem, ...]
    cursor: str
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PulledChanges:
    items: tuple[ChangeItem, ...]
    cursor: str


class HubClient:
    def __init__(
        self,
        settings: HubSettings,
        *,
        agent: str,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._patience = patience or Patience()
        self._token: str | None = None
        self._http = httpx.Client(
            base_url=settings.hub_url,
            transport=transport,
            timeout=httpx.Timeout(60.0, connect=10.0),
            follow_redirects=False,  # a redirect would carry the token to whoever answers
            headers={"User-Agent": agent, "Accept": "application/json", "Accept-Language": "zh-CN"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def pull_values(self, elements: Sequence[str], period: str) -> PulledValues:
        """The whole period. The first page's cursor is kept: what changes while we page lies after it."""
        cursor = ""
        grants: list[str] = []
        items: list[ValueItem] = []
        for response, page in self._pages(
            "/api/v1/data-values", {"elements": ",".join(elements), "period": period}, ValuePage
        ):
            if not cursor:
                cursor = _header(response, "Hub-Cursor")
            named = (number.strip() for number in _header(response, "Hub-Grant").split(","))
            grants.extend(number for number in named if number and number not in grants)
            items.extend(page.items)
        if any(item.period != period for item in items):
            raise HubAnswerInvalid(f"枢纽返回了 {period} 以外的报告期。")
        return PulledValues(tuple(items), cursor, tuple(grants))

    def pull_changes(self, cursor: str) -> PulledChanges:
        items: list[ChangeItem] = []
        while True:
            response = self._send("GET", "/api/v1/changes", params={"after": cursor, "limit": str(PAGE_SIZE)})
            page = parse(response, ChangePage)
            if not page.items:
                return PulledChanges(tuple(items), page.next or cursor)
            if page.next is None or page.next == cursor:
                raise HubAnswerInvalid("枢纽的变更游标没有前移。")
            items.extend(page.items)
            cursor = page.next

    def list_divisions(self, parent: str) -> list[Division]:
        return [
            item
            for _, page in self._pages("/api/v1/divisions", {"parent": parent}, DivisionPage)
            for item in page.items
        ]

    def get_division(self, code: str) -> Division:
        return parse(self._send("GET", f"/api/v1/divisions/{code}"), Division)

    def file_receipt(self, receipt: Mapping[str, str | int], *, key: str) -> None:
        self._send("POST", "/api/v1/receipts", body=receipt, headers={"Idempotency-Key": key})

    def _pages(self, path: str, query: Mapping[str, str], shape: type[P]) -> Iterator[tuple[httpx.Response, P]]:
        after: str | None = None
        while True:
            place = {} if after is None else {"after": after}
            response = self._send("GET", path, params={**query, "limit": str(PAGE_SIZE), **place})
            page = parse(response, shape)
            yield response, page
            if page.next is None:
                return
            if page.next == after:
                raise HubAnswerInvalid(f"枢纽对 {path} 的翻页游标没有前移。")
            after = page.next

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One call. A token may end or be revoked mid-pull: 401 is answered once with a new one."""
        for renewed in (False, True):
            bearer = {"Authorization": f"Bearer {self._bearer()}"}
            request = self._http.build_request(
                method, path, params=params, json=body, headers={**(headers or {}), **bearer}
            )
            response = self._patiently(request)
            if response.status_code != HTTPStatus.UNAUTHORIZED or renewed:
                break
            self._token = None
        if not response.is_success:
            raise refusal(response)
        return response

    def _bearer(self) -> str:
        if self._token is None:
            # In the body, not by HTTP Basic: RFC 6749 2.3.1 wants Basic's parts URL-encoded first, and
            # servers disagree on undoing that; the body has one reading.
            form = {
                "grant_type": "client_credentials",
                "client_id": self._settings.hub_client_id,
                "client_secret": self._settings.hub_client_secret.get_secret_value(),
            }
            response = self._patiently(self._http.build_request("POST", "/oauth/token", data=form))
            if not response.is_success:
                raise refusal(response)
            self._token = parse(response, Token).access_token
        return self._token

    def _patiently(self, request: httpx.Request) -> httpx.Response:
        """Every call of ours may be repeated: reads change nothing, a receipt carries its Idempotency-Key."""
        for attempt in range(1, self._patience.attempts + 1):
            response: httpx.Response | None = None
            reason = ""
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__} {error}".strip()
            if response is not None and response.status_code not in RETRIED:
                return response
            wait = self._patience.wait(attempt, response)
            if wait is None or attempt == self._patience.attempts:
                break
            logger.warning("%s %s: %s, again in %.0f s", request.method, request.url.path, reason or response, wait)
            self._sleep(wait)
        if response is not None:
            raise _busy(response)
        raise HubUnreachable(f"连不上枢纽 {self._settings.hub_url}，已尝试 {attempt} 次：{reason}")


def _busy(response: httpx.Response) -> HubRefused:
    refused = refusal(response)
    later = response.headers.get("Retry-After")
    told = f"{refused.detail}（请在 {later} 后再运行）" if later else refused.detail
    return HubRefused(refused.status, refused.code, told)


def _header(response: httpx.Response, name: str) -> str:
    value: str = response.headers.get(name, "").strip()
    if not value:
        raise HubAnswerInvalid(f"枢纽的回答缺少 {name} 头。")
    return value
