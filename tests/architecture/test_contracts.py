"""The published OpenAPI document is the code's."""

import json
from pathlib import Path

from fastapi import FastAPI

from hub import contracts

PUBLISHED = Path(__file__).parents[2] / "schemas" / "openapi.json"


class TestOpenapi:
    def test_is_published(self) -> None:
        assert PUBLISHED.read_text(encoding="utf-8") == contracts.openapi_text(), "run `make contracts`"

    def test_a_drift_would_be_seen(self, tmp_path: Path) -> None:
        contracts.write(tmp_path)
        written = (tmp_path / "openapi.json").read_text(encoding="utf-8")
        assert written == contracts.openapi_text()
        assert written.replace("village", "hamlet") != contracts.openapi_text()
        assert FastAPI().openapi() != contracts.openapi_text()

    def test_every_failure_is_a_problem_document(self) -> None:
        operations = [
            operation
            for methods in json.loads(contracts.openapi_text())["paths"].values()
            for operation in methods.values()
        ]
        assert len(operations) > 60
        for operation in operations:
            (media_type,) = operation["responses"]["default"]["content"]
            assert media_type == "application/problem+json"

    def test_every_list_is_paged(self) -> None:
        lists = {
            path: {parameter["name"] for parameter in methods["get"].get("parameters", [])}
            for path, methods in json.loads(contracts.openapi_text())["paths"].items()
            if "Page" in str(methods.get("get", {}).get("responses", {}).get("200"))
        }
        assert len(lists) > 15
        assert [path for path, parameters in lists.items() if not {"limit", "after"} <= parameters] == []
