"""The hub's answers are input from outside (OWASP API10): whatever comes, the run ends with a sentence, and nothing of
the department's is touched."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hub_connectors import client as client_module
from hub_connectors.client import HubClient, Patience
from hub_connectors.errors import ConnectorError, HubAnswerInvalid, HubRefused
from hub_connectors.settings import HubSettings
from hub_connectors.wire import MOST_BYTES, plain
from pydantic import SecretStr

TUDI = "433124102201"
HEADERS = {"Hub-Cursor": "c0", "Hub-Grant": "G", "Content-Type": "application/json"}


def page(**members: Any) -> dict[str, Any]:
    return {"items": [{"division": TUDI, "period": "2026-10", "values": {}, **members}], "next": None}


def number(text: bytes) -> bytes:
    return json.dumps(page(values={"a": "HERE"})).encode().replace(b'"HERE"', text)


def packed(content: bytes) -> httpx.Response:
    """Unpacked by the client, not when this is made."""
    return httpx.Response(200, stream=httpx.ByteStream(content), headers={**HEADERS, "Content-Encoding": "gzip"})


def answer(body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(200, content=content, headers={**HEADERS, **headers})


def instead(path: str, response: httpx.Response) -> Callable[[httpx.Request], httpx.Response | None]:
    return lambda request: response if request.url.path.endswith(path) else None


class TestShapes:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'{"items": {}, "next": null}',
            b'{"items": [1], "next": null}',
            b'{"items": [], "next": 5}',
            b'{"items": [], "next": ""}',
            page(division="４３３１２４１０２２０１"),
            page(division=TUDI + "\n"),
            page(division="433124102"[:8]),
            page(period="2026-10\n"),
            page(period="２０２６-10"),
            page(values={"village_migrant_workers": {"$gt": 0}}),
            page(values={"village_migrant_workers": "x" * 10_000}),
            page(values={"x" * 10_000: 1}),
            page(values={"emoji 😀": 1}),
            page(missing={"village_migrant_workers": ["none"]}),
            page(versions={"village_migrant_workers": "1"}),
            page(revision=1.5),
            page(entity="x" * 10_000),
            page(submitted_at="x" * 10_000),
            number(b"1e999999999"),
            number(b"1e-99999"),
            number(b"9" * 5000),
            number(b"Infinity"),
            b"[" * 200_000,
            b'{"a":' * 200_000,
            b'{"items": [], "next": null}'.decode().encode("utf-16"),
        ],
        ids=range(28),
    )
    def test_are_refused_and_nothing_is_touched(self, department: Any, body: Any) -> None:
        department.hub.fault = instead("/data-values", answer(body))
        with pytest.raises(HubAnswerInvalid):
            department.run()
        assert not department.folder.exists()
        assert department.store.position(department.name) is None
        assert department.store.list_runs(department.name)[0].state == "failed"

    @pytest.mark.parametrize("name", ["", "x" * 201, "龙门\x00村", "\x1b[31m龙门村", "村\u202e门龙", 5, None])
    def test_names_are_bounded_and_printable(self, department: Any, name: Any) -> None:
        division = {"code": TUDI, "name": name, "level": "village", "parent_code": TUDI[:9]}
        department.hub.fault = instead("/divisions", answer({"items": [division], "next": None}))
        with pytest.raises(HubAnswerInvalid):
            department.run()
        assert not department.folder.exists()

    @pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "令牌", "x" * 5000, 5, None])
    def test_a_token_cannot_break_a_request_apart(self, department: Any, token: Any) -> None:
        department.hub.fault = instead("/oauth/token", answer({"access_token": token}))
        with pytest.raises(HubAnswerInvalid):
            department.run()
        assert department.hub.paths() == ["/oauth/token"]

    def test_a_header_cannot_fill_the_disk(self, department: Any) -> None:
        department.hub.fault = instead("/data-values", answer(page(), **{"Hub-Cursor": "c" * 100_000}))
        with pytest.raises(HubAnswerInvalid, match="Hub-Cursor"):
            department.run()


class TestEndless:
    def test_pages_that_go_round_in_a_circle(self, department: Any) -> None:
        turns = {None: "a", "a": "b", "b": "a"}

        def circle(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith("/data-values"):
                return None
            return answer({"items": [], "next": turns[request.url.params.get("after")]})

        department.hub.fault = circle
        with pytest.raises(HubAnswerInvalid, match="没有前移"):
            department.run()

    def test_changes_that_go_round_in_a_circle(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=1)
        turns = {"c0": "a", "a": "b", "b": "c0"}

        def circle(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith("/changes"):
                return None
            return answer({"items": department.hub.log, "next": turns[request.url.params["after"]]})

        department.hub.fault = circle
        before = department.everything()
        with pytest.raises(HubAnswerInvalid, match="没有前移"):
            department.run(changes=True)
        assert department.everything() == before


class TestSize:
    def test_an_answer_is_read_only_so_far(self, department: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "MOST_BYTES", 2000)
        department.hub.fault = instead("/data-values", answer(b" " * 2001))
        with pytest.raises(HubAnswerInvalid, match="过大"):
            department.run()

    def test_a_bomb_is_measured_unpacked(self, department: Any) -> None:
        bomb = gzip.compress(b" " * (MOST_BYTES + 1))
        assert len(bomb) < 100_000
        department.hub.fault = instead("/data-values", packed(bomb))
        with pytest.raises(HubAnswerInvalid, match="过大"):
            department.run()

    def test_what_is_packed_honestly_is_read(self, department: Any) -> None:
        def pack(request: httpx.Request) -> httpx.Response | None:
            department.hub.fault = None
            told = department.hub(request)
            department.hub.fault = pack
            response = packed(gzip.compress(told.content))
            response.headers.update({name: told.headers[name] for name in told.headers if name.startswith("hub-")})
            return response if told.is_success else told

        department.hub.fault = pack
        assert department.run().outcome.rows == 4

    def test_what_is_packed_wrongly_is_refused(self, department: Any) -> None:
        department.hub.fault = instead("/data-values", packed(b"no gzip"))
        with pytest.raises(HubAnswerInvalid, match="解压"):
            department.run()

    def test_an_answer_that_drips_for_ever_is_cut_off(self) -> None:
        class Drip(httpx.SyncByteStream):
            def __iter__(self) -> Any:
                while True:
                    yield b" "

        seconds = iter(range(100_000))
        settings = HubSettings(hub_url="http://hub.test", hub_client_id="c", hub_client_secret=SecretStr("s"))
        transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Drip()))
        with (
            HubClient(settings, agent="test", transport=transport, clock=lambda: float(next(seconds))) as hub,
            pytest.raises(HubAnswerInvalid, match="过慢"),
        ):
            hub.get_division(TUDI)


class TestWords:
    def test_a_refusal_is_told_without_control_sequences_and_without_a_flood(self, department: Any) -> None:
        faults = [{"pointer": f"/{number}", "message": "\x1b]0;owned\x07" * 999} for number in range(999)]
        body = {"code": "not\x1bgranted", "detail": "\x1b[2J未获授权\u202e" + "。" * 99_999, "errors": faults}
        refused = httpx.Response(422, json=body)
        department.hub.fault = instead("/data-values", refused)
        with pytest.raises(HubRefused) as told:
            department.run()
        text = str(told.value)
        assert "未获授权" in text
        assert len(text) < 20_000
        assert text.replace("\n", "").isprintable()
        assert department.store.list_runs(department.name)[0].message == text

    def test_line_ends_are_told_as_spaces(self) -> None:
        assert plain("a\nb\x9bc") == "a b c"


class TestRetryAfter:
    @pytest.mark.parametrize(
        "told",
        ["", "soon", "-1", "nan", "1e9", "٣", "Wed, 99 Jan 9999 99:99:99 GMT", "Wed, 01 Jan 9999 00:00:00 -9999"],
    )
    def test_nonsense_is_no_reason_to_wait_longer_or_to_fail(self, told: str) -> None:
        wait = Patience().wait(1, httpx.Response(503, headers={"Retry-After": told.encode()}))
        assert wait in {1.0, None}

    @pytest.mark.parametrize("told", ["9" * 400, "121", "Wed, 01 Jan 9999 00:00:00 GMT"])
    def test_too_long_ends_the_run(self, told: str) -> None:
        assert Patience().wait(1, httpx.Response(503, headers={"Retry-After": told})) is None


def test_every_failure_is_an_expected_one() -> None:
    assert issubclass(HubAnswerInvalid, ConnectorError)
    assert issubclass(HubRefused, ConnectorError)
