"""The demo county's figures: every village and township, every form, thirteen months without a finding."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.calendar.periods import Period, PeriodRange
from hub.demo.county import GRANTS
from hub.demo.values import Figures, read_magnitudes
from hub.registry.file_checks import form_of
from hub.registry.files import RegistryFiles
from hub.validation import FormSpec, Row, check, recall
from tests.registry.shipped_forms import form_spec, shipped_registry

DIVISIONS = Path(__file__).parents[2] / "hub" / "geography" / "data" / "divisions_xiangxi.csv"
COUNTY = "433124"
NUMBERS = {"village": 228, "township": 12}
# Thirteen months of the demo, and of every slower form as many periods as a look-back may want.
PERIODS = {
    "month": "2025-10..2026-10",
    "quarter": "2025-Q1..2026-Q3",
    "half_year": "2025-S1..2026-S1",
    "year": "2024..2025",
}
MORE_MIGRANTS = 20
FORMS = [
    ("village", "month"),
    ("village", "quarter"),
    ("village", "half_year"),
    ("village", "year"),
    ("township", "month"),
    ("township", "quarter"),
    ("township", "year"),
]
Reported = dict[str, dict[str, dict[str, object]]]


@pytest.fixture(scope="module")
def shipped() -> RegistryFiles:
    return shipped_registry()


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures()


@pytest.fixture(scope="module")
def divisions() -> Mapping[str, Sequence[str]]:
    with DIVISIONS.open(encoding="utf-8-sig", newline="") as file:
        codes = [(line["level"], line["code"]) for line in csv.DictReader(file) if line["code"].startswith(COUNTY)]
    found = {level: [code for other, code in codes if other == level] for level in NUMBERS}
    assert {level: len(codes) for level, codes in found.items()} == NUMBERS
    return found


def captured(spec: FormSpec) -> list[str]:
    return [element.identifier for element in spec.elements if element.source == "captured"]


def excused(spec: FormSpec, values: Mapping[str, object]) -> set[str]:
    """What is asked elsewhere only: workers in a workshop that is not there."""
    conditions = {element.identifier: element.applies_when for element in spec.elements if element.applies_when}
    return {identifier for identifier, condition in conditions.items() if not values[condition]}


def judged(spec: FormSpec, period: Period, now: Mapping[str, Mapping[str, object]], held: Reported) -> list[str]:
    rows = [
        Row(division, values, past=recall(spec.plan.looked_back, period, held[division]))
        for division, values in now.items()
    ]
    return [finding.message for finding in check(spec, rows).findings]


def grown(reported: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, object]]:
    """CONTRACT: the migrant workers of a village can grow by 20 anywhere without an error."""
    name = "village_migrant_workers"
    return {
        division: {**values, **({name: values[name] + MORE_MIGRANTS} if name in values else {})}
        for division, values in reported.items()
    }


class TestEveryForm:
    @pytest.mark.parametrize("form", FORMS, ids="-".join)
    def test_no_division_has_a_finding_in_any_period(
        self,
        shipped: RegistryFiles,
        figures: Figures,
        divisions: Mapping[str, Sequence[str]],
        form: tuple[str, str],
    ) -> None:
        """A rehearsal of the demo: what a period reports is what the next one looks back on.

        At last what a clerk does who carries the last period's figures over, with more migrants everywhere.
        """
        spec = form_spec(shipped, *form)
        asked = captured(spec)
        held: Reported = {division: {} for division in divisions[form[0]]}
        now: dict[str, dict[str, Any]] = {}
        for period in PeriodRange.parse(PERIODS[form[1]]).periods():
            now = {division: figures.draw(division, asked, period) for division in held}
            assert all(set(values) == set(asked) - excused(spec, values) for values in now.values())
            assert judged(spec, period, now, held) == []
            for division, values in now.items():
                held[division][str(period)] = values
        assert judged(spec, period.next(), grown(now), held) == []

    def test_every_form_is_rehearsed(self, shipped: RegistryFiles) -> None:
        assert {form_of(element) for element in shipped.elements} == set(FORMS)


class TestLuck:
    VILLAGE = "433124102200"

    def test_figures_are_the_same_at_every_start_and_in_any_order(self, shipped: RegistryFiles) -> None:
        asked = captured(form_spec(shipped, "village", "month"))
        first, second = Period.parse("2026-01"), Period.parse("2026-02")
        forwards, backwards = Figures(), Figures()
        earlier, later = forwards.draw(self.VILLAGE, asked, first), forwards.draw(self.VILLAGE, asked, second)
        assert backwards.draw(self.VILLAGE, asked, second) == later
        assert backwards.draw(self.VILLAGE, asked[::-1], first) == earlier
        assert later != earlier

    def test_a_quarter_rests_on_what_its_last_month_reported(self, figures: Figures) -> None:
        """Unasked bases are drawn all the same, and for the same day."""
        month = figures.draw(self.VILLAGE, ["village_left_behind_children"], Period.parse("2026-03"))
        ages = [f"village_left_behind_children_{age}" for age in ("0_to_5", "6_to_13", "14_to_15")]
        quarter = figures.draw(self.VILLAGE, ages, Period.parse("2026-Q1"))
        assert list(quarter) == ages
        assert 0 < sum(quarter.values()) <= month["village_left_behind_children"]

    def test_what_a_village_is_does_not_change_from_month_to_month(self, figures: Figures) -> None:
        asked = ["village_has_employment_workshop", "village_migration_destination", "village_registered_population"]
        drawn = [figures.draw(self.VILLAGE, asked, month) for month in PeriodRange.parse("2025-10..2026-10").periods()]
        assert len({(one[asked[0]], one[asked[1]]) for one in drawn}) == 1
        sizes = [one["village_registered_population"] for one in drawn]
        assert max(sizes) <= 1.05 * min(sizes)

    def test_some_villages_have_a_workshop_and_most_are_not_asked_about_its_workers(
        self, figures: Figures, divisions: Mapping[str, Sequence[str]]
    ) -> None:
        """FEATURES C08: the demo shows cells that do not apply beside cells that do."""
        asked = ["village_workshop_workers"]
        drawn = [figures.draw(village, asked, Period.parse("2026-10")) for village in divisions["village"]]
        with_workshop = [one for one in drawn if one]
        assert 0 < len(with_workshop) < len(drawn) / 2
        assert all(one["village_workshop_workers"] > 0 for one in with_workshop)

    def test_a_magnitude_rests_only_on_those_above_it(self) -> None:
        seen: set[str] = set()
        for magnitude in read_magnitudes():
            assert set(magnitude.rests_on) <= seen
            seen.add(magnitude.identifier)


class TestGrants:
    """What the demo's departments were granted, as far as the files can tell."""

    @pytest.fixture
    def granted(self) -> list[tuple[str, str]]:
        with GRANTS.open(encoding="utf-8", newline="") as file:
            return [(line["department"], line["element"]) for line in csv.DictReader(file)]

    def test_name_registered_elements_once(self, shipped: RegistryFiles, granted: list[tuple[str, str]]) -> None:
        assert len(set(granted)) == len(granted)
        assert {element for _department, element in granted} <= {element.identifier for element in shipped.elements}

    def test_everybody_reads_the_migrant_workers(self, granted: list[tuple[str, str]]) -> None:
        readers = {department for department, element in granted if element == "village_migrant_workers"}
        assert readers == {"human-resources", "poverty-relief", "civil-affairs"}

    def test_one_kind_of_division_for_each_kind_of_period(
        self, shipped: RegistryFiles, granted: list[tuple[str, str]]
    ) -> None:
        """A reader who names no elements gets all granted of one form; with two of a period the hub would ask which."""
        forms = {element.identifier: form_of(element) for element in shipped.elements}
        assert {forms[element][0] for _department, element in granted} == {"village"}

    def test_what_is_not_shared_is_read_by_its_owner_alone(
        self, shipped: RegistryFiles, granted: list[tuple[str, str]]
    ) -> None:
        closed = {e.identifier: e.source_organization for e in shipped.elements if e.sharing_type == "not_shared"}
        assert all(closed.get(element, department) == department for department, element in granted)
