"""Addresses that nobody's program sends by accident: told of, never a server error."""

import base64
import json

import httpx
import pytest


def cursor(*position: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.subject("administrator")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/data-elements?q=%00", 422),
        ("/divisions?parent=%00", 422),
        ("/rules?element=%00", 422),
        ("/data-elements/%00", 404),
        ("/divisions/%00", 404),
        ("/data-elements?q=%ED%A0%80", 200),
        (f"/data-elements?after={cursor(10**20, 'y')}", 422),
        (f"/data-elements?after={cursor(1, chr(0))}", 422),
        (f"/data-elements?after={cursor('x', 'y')}", 422),
        (f"/divisions?after={cursor(chr(0))}", 422),
        (f"/data-elements?after={cursor(1, 2)}", 422),
        (f"/divisions?after={cursor([1])}", 422),
        (f"/code-lists?after={cursor(5)}", 200),
        ("/divisions?after=%F0%9F%98%80", 422),
    ],
)
async def test_is_answered(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == status
