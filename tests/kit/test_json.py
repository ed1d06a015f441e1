from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hub.kit import json
from hub.kit.errors import BadRequest, Unprocessable


class TestParse:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1.10", Decimal("1.10")),
            ("123456789012345", 123456789012345),
            ("-0.5", Decimal("-0.5")),
            ('{"a":[true,null,"１２３"]}', {"a": [True, None, "１２３"]}),
        ],
    )
    def test_is_exact(self, text: str, value: object) -> None:
        assert json.parse(text.encode()) == value
        assert str(json.parse(text.encode())) == str(value)

    @pytest.mark.parametrize(
        "text",
        ["{", "NaN", "[Infinity]", "[-Infinity]", "01", "{'a': 1}", "[1,]", "", "[" * 5000, "1" * 5000],
    )
    def test_refuses_what_is_no_json(self, text: str) -> None:
        with pytest.raises(BadRequest) as refused:
            json.parse(text.encode())
        assert refused.value.code == "malformed_json"

    def test_refuses_other_encodings(self) -> None:
        with pytest.raises(BadRequest):
            json.parse('"外出"'.encode("gb18030"))

    @pytest.mark.parametrize(
        ("text", "pointers"),
        [
            ("[1e400]", ["/0"]),
            ('{"a":{"b/c":1234567890123456}}', ["/a/b~1c"]),
            ('["ok","nul\\u0000",0.1234567890123456]', ["/1", "/2"]),
            ('["\\ud800"]', ["/0"]),
            ('{"\\u0000":1}', [""]),
        ],
    )
    def test_names_every_place_that_cannot_be_kept(self, text: str, pointers: list[str]) -> None:
        with pytest.raises(Unprocessable) as refused:
            json.parse(text.encode())
        assert [item.pointer for item in refused.value.errors] == pointers

    def test_refuses_what_nests_too_deep(self) -> None:
        with pytest.raises(Unprocessable) as refused:
            json.parse(b"[" * 40 + b"]" * 40)
        assert refused.value.errors[0].code == "too_deep"


class TestDumps:
    def test_has_one_form_for_each_kind(self) -> None:
        class Model(BaseModel):
            value: Decimal

        instant = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
        written = json.dumps([Model(value=Decimal("1.10")), instant, date(2026, 11, 22), {"b", "a"}])
        assert written == '[{"value":1.10},"2026-11-22T04:05:06Z","2026-11-22",["a","b"]]'

    @pytest.mark.parametrize("value", [float("nan"), Decimal("NaN"), Decimal("Infinity")])
    def test_never_writes_what_is_no_number(self, value: object) -> None:
        with pytest.raises(ValueError, match="not JSON compliant"):
            json.dumps(value)

    @given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**10), max_value=10**10))
    def test_round_trips(self, number: Decimal) -> None:
        assert json.loads(json.dumps(number)) == number
