"""A later page is read from where it begins: what lies before it is not walked once more for each page."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from hub.kit import json

AFTER = "433124102201"


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest.mark.parametrize("as_of", [None, "2026-11-22T00:00:00Z"], ids=["present", "past"])
@pytest.mark.parametrize("join", ["mergejoin", "hashjoin"])
def test_divisions_before_it_are_passed_over(owner_url: str, join: str, as_of: str | None) -> None:
    """Both joins that walk the divisions themselves: they take the page's beginning into the index."""
    box = {"elements": {"a": None}, "divisions": ["43"], "first_day": "0001-01-01", "last_day": "9999-12-31"}
    question = {"object_class": "village", "elements": ["a"], "boxes": [box], "limit": 5001, "as_of": as_of}
    question["after"] = ["2026-10", AFTER, ""]
    cells = [{"of_row": "true", "elements": ["a"], "limits": {}}]
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        for other in {"mergejoin", "hashjoin", "nestloop"} - {join} | {"seqscan", "bitmapscan"}:
            owner.execute(f"SET LOCAL enable_{other} = off".encode())
        (statement,) = owner.execute(
            "SELECT granted_rows(%s, '2026-10', %s)", [json.dumps(question), json.dumps(cells)]
        ).fetchone() or ("",)
        (explained,) = owner.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode()).fetchone() or ([],)
    walked = [node for node in _nodes(explained[0]["Plan"]) if node.get("Alias") == "d"]
    assert [AFTER in node.get("Index Cond", "") for node in walked] == [True]
