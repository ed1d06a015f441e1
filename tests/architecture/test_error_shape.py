"""Every failure is one shape: RFC 9457 with a stable code, no stack trace, nobody's values."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from hub.app import create_app
from hub.kit.db import Database
from hub.settings import settings
from tests.people import People

HUB = Path(__file__).parents[2] / "hub"
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PERSON = {"username": "clerk-1", "display_name": "办事员", "organization": "human-resources", "roles": ["requester"]}


def check_problem(response: httpx.Response, status: int, code: str) -> Mapping[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(document)
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"].endswith(code)
    for item in document.get("errors", []):
        assert {"pointer", "code", "message"} == set(item)
        assert SNAKE_CASE.fullmatch(item["code"])
    assert "Traceback" not in response.text
    return document


def item_codes() -> Iterator[str]:
    """The codes that the source gives to faults of the content."""
    for path in HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"ErrorItem", "Break"}
            ):
                yield from (a.value for a in node.args[1:2] if isinstance(a, ast.Constant) and isinstance(a.value, str))


def test_codes_are_snake_case() -> None:
    codes = set(item_codes())
    assert len(codes) > 20
    assert [code for code in codes if SNAKE_CASE.fullmatch(code) is None] == []


@pytest.mark.subject("administrator")
class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "content", "headers", "status", "code"),
        [
            ("POST", "people", b"{", {}, 400, "malformed_json"),
            ("POST", "people", b"[NaN]", {}, 400, "malformed_json"),
            ("POST", "people", b'{"roles": 1e400}', {}, 422, "invalid_content"),
            ("GET", "people", b"", {"authorization": "Bearer wrong"}, 401, "invalid_token"),
            ("GET", "people", b"", {"authorization": ""}, 401, "unauthenticated"),
            ("GET", "nowhere", b"", {}, 404, "not_found"),
            ("POST", "people/nobody/password-reset", b"", {}, 404, "not_found"),
            ("PATCH", "people", b"", {}, 405, "method_not_allowed"),
            ("POST", "people", b"a=b", {"content-type": "text/plain"}, 415, "unsupported_media_type"),
            ("POST", "people", b"{}", {"content-type": ""}, 415, "unsupported_media_type"),
            ("POST", "people", b"{}", {}, 422, "invalid_content"),
            ("POST", "people", b"[]", {}, 422, "invalid_content"),
            ("GET", "people?limit=0", b"", {}, 422, "invalid_content"),
        ],
    )
    async def test_have_one_shape(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        content: bytes,
        headers: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        sent = {"content-type": "application/json"} | headers
        check_problem(await client.request(method, f"/api/v1/{path}", content=content, headers=sent), status, code)

    async def test_conflict(self, client: httpx.AsyncClient) -> None:
        await client.post("/api/v1/people", json=PERSON)
        check_problem(await client.post("/api/v1/people", json=PERSON), 409, "name_taken")

    async def test_speak_english_when_asked(self, client: httpx.AsyncClient) -> None:
        response = await client.post(
            "/api/v1/people", content=b"{", headers={"accept-language": "en", "content-type": "application/json"}
        )
        assert response.json()["detail"].isascii()

    @pytest.mark.parametrize(("limit", "bound"), [(0, "1"), (1001, "1000")])
    async def test_a_bound_is_told_with_the_fault(self, client: httpx.AsyncClient, limit: int, bound: str) -> None:
        response = await client.get("/api/v1/people", params={"limit": limit})
        (fault,) = response.json()["errors"]
        assert fault["message"].endswith(f" {bound}。")

    @pytest.mark.parametrize("declares_its_length", [True, False])
    async def test_a_huge_body_is_not_read(self, client: httpx.AsyncClient, declares_its_length: bool) -> None:
        sent = 0

        async def body() -> object:
            nonlocal sent
            for _ in range(200):
                sent += 1
                yield b"x" * 1024 * 1024

        headers = {"content-type": "application/json"}
        if declares_its_length:
            headers["content-length"] = str(200 * 1024 * 1024)
        response = await client.post("/api/v1/people", content=body(), headers=headers)
        check_problem(response, 413, "payload_too_large")
        if not declares_its_length:
            assert sent * 1024 * 1024 <= settings().maximum_body_bytes + 2 * 1024 * 1024

    async def test_a_database_that_is_away_says_when_to_come_back(
        self, client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> None:
            raise OperationalError("SELECT secret", {}, Exception("server closed the connection"))

        monkeypatch.setattr(database, "transaction", away)
        response = await client.get("/api/v1/people")
        check_problem(response, 503, "service_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "secret" not in response.text

    async def test_a_refusal_that_cannot_be_written_down_is_none(
        self, client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> None:
            raise OperationalError("INSERT", {}, Exception("server closed the connection"))

        monkeypatch.setattr(database, "transaction", away)
        response = await client.get("/api/v1/people", headers={"authorization": ""})
        check_problem(response, 503, "service_unavailable")

    async def test_our_own_fault_tells_nothing(
        self, client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> None:
            raise ValueError("某人 990101199001011234")

        monkeypatch.setattr(database, "transaction", broken)
        response = await client.get("/api/v1/people")
        check_problem(response, 500, "internal_error")
        assert "某人" not in response.text


class TestTheCheckItself:
    @pytest.mark.parametrize(
        "response",
        [
            httpx.Response(404, json={"detail": "Not Found"}),
            httpx.Response(404, headers={"content-type": "application/problem+json"}, content=b'{"status": 404}'),
        ],
    )
    def test_fails_on_another_shape(self, response: httpx.Response) -> None:
        with pytest.raises(AssertionError):
            check_problem(response, 404, "not_found")


async def test_a_caller_who_hangs_up_is_no_error_of_ours(
    database: Database, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"content-type": "application/json", "content-length": "9"} | await people.authorization("administrator")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/people",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    incoming = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answered = []

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        answered.append(message.get("status"))

    await create_app(database)(scope, receive, send)
    assert answered[0] == 400
    assert caplog.records == []
