"""The demo's months are checked together as they would be one after another, and a fault stops the demo."""

from collections.abc import Collection
from typing import Any

import polars as pl
import pytest

from hub.calendar.periods import Period, PeriodRange
from hub.demo.checking import DrawnForm, FiguresDoNotHold
from hub.demo.values import Figures
from hub.demo.year import MONTHLY_FORMS
from hub.forms.content import FormContent, FormField
from tests.registry.shipped_forms import form_spec, shipped_registry

MONTHS = list(PeriodRange.parse("2025-10..2026-09").periods())
VILLAGES = ["433124102003", "433124102200", "433124102201"]
ASKED = {"433124102": VILLAGES}


def content(object_class: str) -> FormContent:
    spec = form_spec(shipped_registry(), object_class, "month")
    fields = [FormField(one, "", at, "optional", None, None, None, None) for at, one in enumerate(spec.elements)]
    return FormContent(f"{object_class}-month", 1, "", object_class, "month", tuple(fields), spec)


class Exchanged(Figures):
    """In one month a village reports another's figures: right in themselves, and nothing like its own past."""

    def draw(self, division: str, asked: Collection[str], period: Period) -> dict[str, Any]:
        return super().draw("433124102207" if period == MONTHS[-1] else division, asked, period)


@pytest.fixture(scope="module")
def form() -> FormContent:
    return content("village")


class TestMonths:
    def test_together_are_what_they_are_one_by_one(self, form: FormContent) -> None:
        single, together = DrawnForm(form, ASKED, Figures()), DrawnForm(form, ASKED, Figures())
        one_by_one = [rows for month in MONTHS for rows in single.next_months([month])]
        at_once = [*together.next_months(MONTHS[:7]), *together.next_months(MONTHS[7:])]
        assert len(at_once) == len(MONTHS)
        for month, (expected, found) in enumerate(zip(one_by_one, at_once, strict=True)):
            assert found.rows.equals(expected.rows), month
            assert found.documents == expected.documents, month
            assert found.rows["division"].to_list() == VILLAGES
        assert not pl.concat(found.rows for found in at_once)["content"].has_nulls()
        assert at_once[0].rows["content"].to_list() != at_once[1].rows["content"].to_list()

    def test_look_back_on_those_before_them_also_when_checked_together(self, form: FormContent) -> None:
        assert DrawnForm(form, ASKED, Exchanged()).next_months(MONTHS[-1:])
        with pytest.raises(FiguresDoNotHold, match="433124102003"):
            DrawnForm(form, ASKED, Exchanged()).next_months(MONTHS)
        after = DrawnForm(form, ASKED, Exchanged())
        after.next_months(MONTHS[:-1])
        with pytest.raises(FiguresDoNotHold):
            after.next_months(MONTHS[-1:])


@pytest.mark.parametrize("object_class", [code.partition("-")[0] for code in MONTHLY_FORMS])
def test_only_what_is_typed_is_looked_back_on(object_class: str) -> None:
    """What is drawn is what is typed: a rule about the past of something derived would not be judged here."""
    looked_back = content(object_class).spec.plan.looked_back
    assert {one.source for elements in looked_back.values() for one in elements} == {"captured"}
