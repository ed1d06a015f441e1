"""Every shipped cross-check, broken by hand once; and each check of DOMAIN 5.5 has a rule that makes it."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from hub.registry.file_checks import form_of
from hub.registry.files import RegistryFiles
from hub.validation import Finding, LookBack, Row, check, compile_rule
from tests.registry.shipped_forms import form_spec, shipped_registry
from tests.registry.shipped_rows import SLIPS, SOUND, Form, Slip, Values

PLACE = {"village": "433124102200", "township": "433124102"}
FORMS = sorted(SOUND)
CASES = [(form, rule) for form in FORMS for rule in SLIPS[form]]
CHANGES_LITTLE = 5

# DOMAIN 5.5 in its own words, and the rules (or the derivation) that make the check.
CROSS_CHECKS: Mapping[str, tuple[str, ...]] = {
    "C4: 2=3+4": ("village_left_behind_children_0_to_5_by_sex",),
    "C4: 5=6+7": ("village_left_behind_children_6_to_13_by_sex",),
    "C4: 8=9+10": ("village_left_behind_children_14_to_15_by_sex",),
    "C4: col 1 = 11+…+18 (a partition by carer)": ("village_left_behind_children_by_carer",),
    "C4: col 1 = 19+20 (a partition in two: the reason)": ("village_left_behind_children_by_reason",),
    "C4: col 1 = 30+31+32 (a partition in three: how well looked after)": (
        "village_left_behind_children_by_guardianship",
    ),
    "C4: 13+14 = 24+25 (parts of two partitions)": ("village_left_behind_children_of_school_age",),
    "village models: 外出务工人数 ≤ 总人数": ("village_migrants_within_population",),
    "village models: D3a ≤ D3": ("village_migrants_three_months_within_labour_force",),
    "village models: 242+243+244 ≤ 241": ("village_labour_force_parts",),
    "village models: 省内 + 省外 = 外出": ("village_perennial_migrants_by_place",),
    "A17 = A17a+A17b+A17c+A17d, A18 ≤ A17": ("village_relieved_income_parts", "village_relieved_cost_within_gross"),
    "P3: 务工所在地 ⇔ 务工时间>0 (one without the other)": (
        "village_minimum_living_amount_needs_persons",
        "village_land_leasing_households_and_area",
        "township_temporary_aid_amount_needs_persons",
    ),
    "P3: no household without head, one head (households ≤ persons, none without persons)": (
        "village_unstable_households_and_persons",
        "village_marginal_households_and_persons",
        "village_severe_difficulty_households_and_persons",
        "village_risk_removed_households_and_persons",
        "village_relieved_households_and_persons",
        "village_destitute_households_and_persons",
        "village_resident_households_within_residents",
        "township_urban_minimum_living_households_and_persons",
    ),
    "soft: value unchanged for n periods": ("village_residents_unchanged",),
    "soft: jump > x % against last period": (
        "village_population_change",
        "village_minimum_living_jump",
        "village_left_behind_children_jump",
        "village_left_behind_children_quarter_jump",
        "village_unstable_households_jump",
        "township_minimum_living_expenditure_jump",
        "village_relieved_wage_income_change",
    ),
    "soft: 户在人不在 vs 外出务工": ("village_migrants_within_absent", "village_absent_against_migrants"),
}
SOFT = "soft:"


@pytest.fixture(scope="module")
def shipped() -> RegistryFiles:
    return shipped_registry()


def findings(files: RegistryFiles, form: Form, mistake: Slip) -> list[Finding]:
    """What the checker says of the sound row with one slip, in a division that was the same in every past period."""
    spec, sound = form_spec(files, *form), SOUND[form]
    numbers = [name for name in sound if spec.by_identifier[name].domain.unit]
    past = {
        LookBack.PREVIOUS: {**sound, **mistake.previous},
        LookBack.YEAR_AGO: {**sound, **mistake.year_ago},
        LookBack.USUAL: statistics({**{name: sound[name] for name in numbers}, **mistake.usual}),
        LookBack.SPREAD: statistics({**dict.fromkeys(numbers, CHANGES_LITTLE), **mistake.spread}),
    }
    row = Row(PLACE[form[0]], {**sound, **mistake.typed}, past=past)
    return list(check(spec, [row]).findings)


def statistics(held: Values) -> dict[str, Decimal]:
    """As `recall` computes them."""
    return {name: Decimal(str(value)) for name, value in held.items()}


class TestEachRule:
    def test_is_broken_here_once(self, shipped: RegistryFiles) -> None:
        assert {form_of(rule) for rule in shipped.rules} == set(FORMS)
        for form in FORMS:
            assert sorted(SLIPS[form]) == sorted(rule.identifier for rule in shipped.rules if form_of(rule) == form)

    @pytest.mark.parametrize("form", FORMS, ids="-".join)
    def test_lets_a_sound_row_pass(self, shipped: RegistryFiles, form: Form) -> None:
        captured = {item.identifier for item in shipped.elements if form_of(item) == form and item.source == "captured"}
        assert set(SOUND[form]) == captured
        assert findings(shipped, form, Slip()) == []

    @pytest.mark.parametrize(("form", "rule"), CASES, ids=[rule for _form, rule in CASES])
    def test_finds_its_slip(self, shipped: RegistryFiles, form: Form, rule: str) -> None:
        (declared,) = [item for item in shipped.rules if item.identifier == rule]
        (found,) = [finding for finding in findings(shipped, form, SLIPS[form][rule]) if finding.rule == rule]
        assert (found.severity, found.element) == (declared.severity, declared.element)
        assert declared.messages.zh.rstrip("。") in found.message
        domains = {item.identifier: shipped.value_domain(item) for item in shipped.elements}
        assert set(found.elements) == set(compile_rule(declared.expression, domains).named)

    def test_speaks_both_languages_in_whole_sentences(self, shipped: RegistryFiles) -> None:
        for rule in shipped.rules:
            assert rule.messages.zh.endswith("。")
            assert (rule.messages.en or "").endswith(".")
        sentences = [rule.messages.zh for rule in shipped.rules]
        assert len(set(sentences)) == len(sentences)


class TestDomainCrossChecks:
    @pytest.mark.parametrize("check_of_domain", CROSS_CHECKS)
    def test_each_is_a_rule(self, shipped: RegistryFiles, check_of_domain: str) -> None:
        held = {rule.identifier: rule for rule in shipped.rules}
        severities = {held[rule].severity for rule in CROSS_CHECKS[check_of_domain]}
        assert severities == ({"warning"} if check_of_domain.startswith(SOFT) else {"error"})

    def test_the_total_is_the_sum_of_its_ages(self, shipped: RegistryFiles) -> None:
        """C4: col 1 = 2+5+8. The hub computes the total, so it cannot be wrong."""
        (total,) = [e for e in shipped.elements if e.identifier == "village_left_behind_children_at_quarter_end"]
        ages = [f"village_left_behind_children_{age}" for age in ("0_to_5", "6_to_13", "14_to_15")]
        assert total.expression == " + ".join(ages)

    def test_identities_stand_in_them(self, shipped: RegistryFiles) -> None:
        """The form of the check is the one that DOMAIN writes: sums of columns, equal or at most."""
        held = {rule.identifier: rule.expression for rule in shipped.rules}
        assert held["village_labour_force_parts"] == (
            "village_labour_force_farming + village_labour_force_away + village_labour_force_unable"
            " <= village_labour_force_18_to_60"
        )
        assert held["village_perennial_migrants_by_place"] == (
            "village_perennial_migrants_in_province + village_perennial_migrants_out_of_province"
            " = village_perennial_migrants"
        )
        assert held["village_left_behind_children_of_school_age"].count("+") == 2
