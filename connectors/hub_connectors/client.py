"""The hub over HTTP: a token, pages, patience, and the hub's own words when it refuses."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self, TypeVar

import httpx

from hub_connectors.errors import HubAnswerInvalid, HubRefused, HubUnreachable
from hub_connectors.settings import HubSettings
from hub_connectors.wire import (
    CONTROL,
    LONGEST_TEXT,
    MOST_BYTES,
    ChangeItem,
    ChangePage,
    Division,
    DivisionPage,
    Page,
    Token,
    ValueItem,
    ValuePage,
    parse,
    refusal,
)

logger = logging.getLogger(__name__)

P = TypeVar("P", ValuePage, DivisionPage)

PAGE_SIZE = 1000
LONGEST_ANSWER = 600.0
OUT_OF_REACH = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
UNPACKED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})  # true of the packed answer only
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
    """`is_resumed`: some pages were pulled by an earlier run, so what changed since the cursor may be missing."""

    items: tuple[ValueItem, ...]
    cursor: str
    grants: tuple[str, ...]
    is_resumed: bool = False


@dataclass(frozen=True, slots=True)
class PulledChanges:
    items: tuple[ChangeItem, ...]
    cursor: str


class Checkpoint(Protocol):
    """Where pages are kept until the pull is whole. A killed pull goes on after the last page kept."""

    def load(self, question: str, shape: type[ValueItem] | type[ChangeItem]) -> list[Page]: ...

    def keep(self, question: str, number: int, page: Page) -> None: ...

    def forget(self) -> None: ...


class HubClient:
    def __init__(
        self,
        settings: HubSettings,
        *,
        agent: str,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
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

    def pull_values(self, elements: Sequence[str], period: str, checkpoint: Checkpoint) -> PulledValues:
        """The whole period. The first page's cursor is kept: what changes while we page lies after it."""
        question = _question("values", period, *elements)
        kept = checkpoint.load(question, ValueItem)
        is_resumed = bool(kept)
        try:
            self._pull_value_pages(elements, period, kept, question, checkpoint)
        except HubRefused as refused:
            if not is_resumed or not refused.is_cursor_unusable:
                raise
            checkpoint.forget()  # pages that the hub no longer goes on from
            kept, is_resumed = [], False
            self._pull_value_pages(elements, period, kept, question, checkpoint)
        items = tuple(item for page in kept for item in page.items)
        named = tuple(dict.fromkeys(number for page in kept for number in page.grants))
        return PulledValues(items, kept[0].cursor, named, is_resumed)

    def _pull_value_pages(
        self, elements: Sequence[str], period: str, kept: list[Page], question: str, checkpoint: Checkpoint
    ) -> None:
        if kept and kept[-1].next is None:
            return
        query = {"elements": ",".join(elements), "period": period}
        start = kept[-1].next if kept else None
        for response, answer in self._pages("/api/v1/data-values", query, ValuePage, start):
            if any(item.period != period for item in answer.items):
                raise HubAnswerInvalid(f"枢纽返回了 {period} 以外的报告期。")
            cursor, grants = _header(response, "Hub-Cursor"), _header(response, "Hub-Grant").split(",")
            numbers = tuple(number.strip() for number in grants if number.strip())
            page = Page(tuple(answer.items), answer.next, cursor, numbers)
            checkpoint.keep(question, len(kept), page)
            kept.append(page)

    def may_read(self, elements: Sequence[str], period: str) -> HubRefused | None:
        """Asks for one row only; a refusal for the hub's own words, None when the elements may be read."""
        query = {"elements": ",".join(elements), "period": period, "limit": "1"}
        try:
            self._send("GET", "/api/v1/data-values", params=query)
        except HubRefused as refused:
            if refused.status not in OUT_OF_REACH:
                raise
            return refused
        return None

    def pull_changes(self, cursor: str, checkpoint: Checkpoint) -> PulledChanges:
        question = _question("changes", cursor)
        kept = checkpoint.load(question, ChangeItem)
        seen = {cursor, *(page.next for page in kept)}
        place = kept[-1].next or cursor if kept else cursor
        while True:
            response = self._send("GET", "/api/v1/changes", params={"after": place, "limit": str(PAGE_SIZE)})
            answer = parse(response, ChangePage)
            if not answer.items:
                items = tuple(item for page in kept for item in page.items if isinstance(item, ChangeItem))
                return PulledChanges(items, answer.next or place)
            if answer.next is None or answer.next in seen:
                raise HubAnswerInvalid("枢纽的变更游标没有前移。")
            page = Page(tuple(answer.items), answer.next, "", ())
            checkpoint.keep(question, len(kept), page)
            kept.append(page)
            seen.add(place := answer.next)

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

    def _pages(
        self, path: str, query: Mapping[str, str], shape: type[P], after: str | None = None
    ) -> Iterator[tuple[httpx.Response, P]]:
        seen = {after}
        while True:
            place = {} if after is None else {"after": after}
            response = self._send("GET", path, params={**query, "limit": str(PAGE_SIZE), **place})
            page = parse(response, shape)
            yield response, page
            if page.next is None:
                return
            if page.next in seen:
                raise HubAnswerInvalid(f"枢纽对 {path} 的翻页游标没有前移。")
            seen.add(after := page.next)

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

    def _received(self, request: httpx.Request) -> httpx.Response:
        """The whole answer, but never more of it than a hub has to say: unpacked, too, and within a time."""
        ends_at = self._clock() + LONGEST_ANSWER
        content = bytearray()
        with closing(self._http.send(request, stream=True)) as response:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MOST_BYTES or self._clock() > ends_at:
                    raise HubAnswerInvalid(f"枢纽对 {request.url.path} 的回答过大或过慢，已中止。")
            headers = [(name, value) for name, value in response.headers.raw if name.lower() not in UNPACKED]
            return httpx.Response(
                response.status_code,
                headers=headers,
                content=bytes(content),
                request=request,
                extensions=response.extensions,
            )

    def _patiently(self, request: httpx.Request) -> httpx.Response:
        """Every call of ours may be repeated: reads change nothing, a receipt carries its Idempotency-Key."""
        for attempt in range(1, self._patience.attempts + 1):
            response: httpx.Response | None = None
            reason = ""
            try:
                response = self._received(request)
            except httpx.DecodingError as error:
                raise HubAnswerInvalid(f"枢纽对 {request.url.path} 的回答无法解压。") from error
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


def _question(*parts: str) -> str:
    """Pages of one question are of no use to another; a digest keeps the key short."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _busy(response: httpx.Response) -> HubRefused:
    refused = refusal(response)
    later = response.headers.get("Retry-After")
    told = f"{refused.detail}（请在 {later} 后再运行）" if later else refused.detail
    return HubRefused(refused.status, refused.code, told)


def _header(response: httpx.Response, name: str) -> str:
    value: str = response.headers.get(name, "").strip()
    if not value:
        raise HubAnswerInvalid(f"枢纽的回答缺少 {name} 头。")
    if len(value) > LONGEST_TEXT or CONTROL.search(value):
        raise HubAnswerInvalid(f"枢纽的回答中 {name} 头无效。")
    return value
