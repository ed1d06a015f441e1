import httpx
import pytest


class TestOperations:
    async def test_ready_when_migrated(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/readyz")
        assert response.status_code == 200, response.text
        assert response.json() == {"status": "ready"}

    async def test_unknown_path_is_a_problem(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/api/v1/nowhere")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "not_found"

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/openapi.json"])
    async def test_head_is_answered_like_get(self, client: httpx.AsyncClient, path: str) -> None:
        head, get = await client.head(path), await client.get(path)
        assert (head.status_code, head.headers["content-type"]) == (200, get.headers["content-type"])

    @pytest.mark.parametrize("path", ["/healthz", "/metrics"])
    async def test_answers(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path)).status_code == 200
