from datetime import UTC, datetime

import pytest

from hub.exchange.questions import QuestionInvalid, ValueQuestion, read_question


def question(**given: str | None) -> ValueQuestion:
    fields = dict.fromkeys(("elements", "period", "division", "as_of", "object_class")) | given
    return read_question(**fields)


class TestReadQuestion:
    def test_one_period(self) -> None:
        assert [str(period) for period in question(period="2026-11").periods] == ["2026-11"]

    def test_a_range(self) -> None:
        assert [str(period) for period in question(period="2026-Q3..2027-Q1").periods] == [
            "2026-Q3",
            "2026-Q4",
            "2027-Q1",
        ]

    def test_elements_once_each_in_order(self) -> None:
        assert question(period="2026", elements="b, a,b").elements == ("b", "a")

    @pytest.mark.parametrize(
        ("as_of", "instant"),
        [
            ("2026-11-22", datetime(2026, 11, 22, 15, 59, 59, 999999, UTC)),
            ("2026-11-22T08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
            ("2026-11-22T16:00:00+08:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
            ("2026-11-22T16:00:00 08:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ],
    )
    def test_as_of(self, as_of: str, instant: datetime) -> None:
        assert question(period="2026-11", as_of=as_of).as_of == instant

    def test_tells_every_fault_at_once(self) -> None:
        with pytest.raises(QuestionInvalid) as refused:
            question(elements="a,,b", division="12345", as_of="yesterday")
        assert [(item.pointer, item.code) for item in refused.value.errors] == [
            ("query:/elements", "elements_not_valid"),
            ("query:/period", "missing"),
            ("query:/division", "division_not_valid"),
            ("query:/as_of", "instant_not_valid"),
        ]

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"period": "2026-13"}, "period_not_valid"),
            ({"period": "2026-06..2026-01"}, "period_not_valid"),
            ({"period": "2026..2026-06"}, "period_not_valid"),
            ({"period": "1900-01..9998-12"}, "too_many_periods"),
            ({"period": "2026-11", "as_of": "2026-11-22T08:00:00"}, "instant_not_valid"),
            ({"period": "2026-11", "as_of": "0001-01-01T00:00:00+23:00"}, "instant_not_valid"),
            ({"period": "2026-11", "division": "４３３１２４"}, "division_not_valid"),
            ({"period": "2026-11", "elements": ",".join(f"e{i}" for i in range(501))}, "too_many_elements"),
        ],
    )
    def test_refuses(self, given: dict[str, str], code: str) -> None:
        with pytest.raises(QuestionInvalid) as refused:
            question(**given)
        assert [item.code for item in refused.value.errors] == [code]
