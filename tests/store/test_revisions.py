from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.store.revisions import HeldRow, RowWrite, changed_identifiers, kind_of
from tests.store.factories import make_row

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def held(*, missing: dict[str, str] | None = None, version: int = 1, **payload: object) -> HeldRow:
    return HeldRow(payload, missing or {}, dict.fromkeys({*payload, *(missing or {})}, version), 1, "n", NOW)


class TestChangedIdentifiers:
    @pytest.mark.parametrize(
        ("before", "after", "changed"),
        [
            (None, make_row(a=1, b=None, missing={"c": "none"}), ["a", "c"]),
            (held(a=1), make_row(a=1), []),
            (held(a=1), make_row(a=Decimal("1.0")), []),
            (held(a=1), make_row(a=True), ["a"]),
            (held(a=0), make_row(a=None), ["a"]),
            (held(a=0), make_row(), ["a"]),
            (held(a=None), make_row(), []),
            (held(missing={"a": "none"}), make_row(a=0), ["a"]),
            (held(missing={"a": "none"}), make_row(missing={"a": "refused"}), ["a"]),
            (held(a=1, b=2), make_row(a=1, b=3, c=4), ["b", "c"]),
            (held(a=1), make_row(a=1, version=2), ["a"]),
        ],
    )
    def test_finds_what_differs(self, before: HeldRow | None, after: RowWrite, changed: list[str]) -> None:
        assert changed_identifiers(before, after) == changed


class TestKindOf:
    @pytest.mark.parametrize(
        ("revision", "changed", "payload", "kind"),
        [
            (1, ["a"], {"a": 1}, "value"),
            (1, [], {}, "value"),
            (2, ["a"], {"a": 2}, "correction"),
            (2, ["a"], {}, "withdrawal"),
            (2, ["a"], {"a": None}, "withdrawal"),
            (2, ["a", "b"], {"a": 1}, "correction"),
        ],
    )
    def test_kind(self, revision: int, changed: list[str], payload: dict[str, int], kind: str) -> None:
        assert kind_of(revision, changed, payload) == kind
