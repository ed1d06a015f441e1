"""The shipped registry holds the fields of three departments that issue 3 names, each with its own definition."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.forms.names import form_code
from hub.registry.file_checks import form_of
from hub.registry.file_models import ElementDeclaration
from hub.registry.files import RegistryFiles
from tests.registry.shipped_forms import form_spec, shipped_registry

DOCUMENT = (Path(__file__).parents[2] / "docs" / "elements.md").read_text(encoding="utf-8")
# A village clerk fills this every month (DESIGN); what changes slowly stands on a slower form.
MOST_MONTHLY_FIELDS_OF_A_VILLAGE = 60
FEWEST_ELEMENTS = 90
# What each topic must have an element for.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "migrant workers": (
        "village_migrant_workers",
        "village_migrant_households",
        "village_returned_workers",
        "village_returned_jobless",
    ),
    "migrant workers by sex": ("village_migrant_workers_female",),
    "labour force in its definitions": (
        "village_labour_force",
        "village_labour_force_18_to_60",
        "village_labour_force_women_to_50",
        "village_labour_force_with_overage",
        "village_population_16_and_over",
    ),
    "population and households by residence": (
        "village_registered_households",
        "village_resident_households",
        "village_registered_population",
        "village_resident_population",
        "village_registered_at_home",
        "village_residents_registered_elsewhere",
        "village_absent_population",
    ),
    "minimum living, rural": (
        "village_minimum_living_households",
        "village_minimum_living_persons",
        "village_minimum_living_amount",
        "township_minimum_living_expenditure",
        "township_minimum_living_standard",
    ),
    "minimum living, urban": (
        "township_urban_minimum_living_households",
        "township_urban_minimum_living_persons",
        "township_urban_minimum_living_expenditure",
    ),
    "destitute support": (
        "village_destitute_centralised",
        "village_destitute_dispersed",
        "village_destitute_households",
        "township_destitute_expenditure",
    ),
    "left-behind children": (
        "village_left_behind_children",
        "village_left_behind_children_cross_county",
        "village_children_with_parent_away",
        "village_left_behind_girls_6_to_13",
        "village_left_behind_children_guardianship_poor",
    ),
    "left-behind elderly and women": ("village_left_behind_elderly", "village_left_behind_women"),
    "disabled": (
        "village_disabled_persons",
        "village_severely_disabled_persons",
        "village_disability_living_subsidy_persons",
        "village_disability_care_subsidy_persons",
    ),
    "monitored households": (
        "village_unstable_households",
        "village_marginal_households",
        "village_severe_difficulty_households",
        "village_risk_removed_households",
        "village_main_monitoring_risk",
    ),
    "income": (
        "village_migrant_monthly_income",
        "village_net_income_per_head",
        "village_relieved_net_income",
        "village_minimum_living_income_per_head",
        "village_collective_income",
    ),
    "training": ("village_training_participants", "village_trained_persons", "village_training_demand"),
    "village basics": (
        "village_natural_villages",
        "village_has_passenger_bus",
        "village_arable_area",
        "village_clinics",
        "village_dilapidated_households",
    ),
}
# The same name with another definition in another department (DOMAIN 5.4): which other element it must name.
OTHER_THAN: Mapping[str, str] = {
    "village_resident_households": "户籍户数",
    "village_returned_jobless": "本月返乡人数",
    "village_transferred_in_county": "外出务工人数",
    "village_monitored_workers": "脱贫人口务工人数",
    "village_relieved_workers": "外出务工人数",
    "village_relieved_workers_in_county": "县内乡外务工人数",
    "village_relieved_workers_in_province": "县外省内务工人数",
    "village_labour_force": "18至60周岁劳动力人数",
    "village_labour_force_18_to_60": "农村劳动力人数",
    "village_labour_force_with_overage": "农村劳动力人数",
    "village_labour_force_women_to_50": "农村劳动力人数",
    "village_labour_force_away": "外出务工人数",
    "village_migrant_workers_any_length": "外出务工人数",
    "village_migrant_workers_three_months": "外出务工人数",
    "village_perennial_migrants": "年末外出务工劳动力人数",
    "village_perennial_migrants_in_province": "县外省内务工人数",
    "village_minimum_living_base_amount": "农村低保金发放额",
    "village_temporary_aid_households": "临时救助人次",
    "village_left_behind_children_cross_county": "农村留守儿童人数",
    "village_children_with_parent_away": "农村留守儿童人数",
    "village_main_monitoring_risk": "救助对象主要致贫原因",
    "village_main_assistance_cause": "监测对象主要致贫原因",
    "village_minimum_living_income_per_head": "村人均纯收入",
    "village_training_certified_persons": "参加职业技能培训人次",
    "village_trained_persons": "参加职业技能培训人次",
    "township_minimum_living_expenditure_to_date": "农村低保金发放额",
    "township_temporary_aid_person_times_to_date": "临时救助人次",
    "township_elderly_home_residents": "特困人员集中供养人数",
}


@pytest.fixture(scope="module")
def shipped() -> RegistryFiles:
    return shipped_registry()


@pytest.fixture(scope="module")
def by_identifier(shipped: RegistryFiles) -> Mapping[str, ElementDeclaration]:
    return {element.identifier: element for element in shipped.elements}


def values_of(shipped: RegistryFiles, facet: str, about: str) -> set[object]:
    return {
        element.facets[facet]
        for element in shipped.elements
        if facet in element.facets and element.property.startswith(about)
    }


class TestTopics:
    def test_there_are_enough_real_elements(self, shipped: RegistryFiles) -> None:
        assert len(shipped.elements) >= FEWEST_ELEMENTS

    @pytest.mark.parametrize("topic", TOPICS)
    def test_each_is_there(self, by_identifier: Mapping[str, ElementDeclaration], topic: str) -> None:
        assert set(TOPICS[topic]) <= set(by_identifier)

    def test_migrants_are_told_apart_by_place_and_by_length(self, shipped: RegistryFiles) -> None:
        assert values_of(shipped, "place", "migrant_workers") >= {
            "outside_township",
            "outside_township_within_county",
            "outside_county_within_province",
            "outside_county",
            "outside_province",
            "abroad",
        }
        assert {str(length) for length in values_of(shipped, "duration_months", "")} >= {"0", "1", "3", "6", "0-5"}

    def test_every_department_has_elements_of_every_period_type(self, shipped: RegistryFiles) -> None:
        held = Counter((element.steward, element.period_type) for element in shipped.elements)
        for steward in ("human-resources", "poverty-relief", "civil-affairs"):
            assert all(held[steward, period_type] for period_type in ("month", "quarter", "year"))

    def test_a_month_stays_bearable(self, shipped: RegistryFiles) -> None:
        asked = [e for e in shipped.elements if form_of(e) == ("village", "month") and e.source == "captured"]
        assert len([e for e in asked if e.applies_when is None]) <= MOST_MONTHLY_FIELDS_OF_A_VILLAGE
        assert [e.identifier for e in asked if e.applies_when is not None] == ["village_workshop_workers"]

    def test_sections_of_a_form_stand_together(self, shipped: RegistryFiles) -> None:
        for form in {form_of(element) for element in shipped.elements}:
            topics = [element.topic for element in shipped.elements if form_of(element) == form]
            starts = [topic for topic, before in zip(topics, ["", *topics], strict=False) if topic != before]
            assert len(starts) == len(set(starts)), form


class TestDefinitions:
    @pytest.mark.parametrize("identifier", OTHER_THAN)
    def test_name_the_element_that_they_are_not(
        self, by_identifier: Mapping[str, ElementDeclaration], identifier: str
    ) -> None:
        other = OTHER_THAN[identifier]
        names = {element.names.zh for element in by_identifier.values()}
        assert other in names
        assert f"“{other}" in by_identifier[identifier].definition.replace("村月报", "")

    def test_what_they_quote_exists(self, shipped: RegistryFiles) -> None:
        """An element that is named in another's definition and then renamed would send a clerk looking for it."""
        names = {element.names.zh for element in shipped.elements}
        words = {alias for element in shipped.elements for alias in element.aliases}
        form_words = {"脱贫不稳定户", "边缘易致贫户", "突发严重困难户", "户在人不在", "风险已消除", "常年稳定", "省内"}
        form_words |= {"劳动力人数", "事实无人抚养儿童", "外出务工"}
        quoted = {
            word
            for element in shipped.elements
            for word in re.findall(r"“([^”]+)”", element.definition)
            if not word.startswith("广东省")
        }
        assert quoted <= names | words | form_words

    def test_names_are_unique_and_an_alias_means_one_element_of_a_form(self, shipped: RegistryFiles) -> None:
        assert len({element.names.zh for element in shipped.elements}) == len(shipped.elements)
        said = Counter(
            (form_of(element), word)
            for element in shipped.elements
            for word in {element.names.zh, element.names.en, *element.aliases}
        )
        assert [word for word, count in said.items() if count > 1] == []

    def test_all_have_what_a_reader_needs(self, shipped: RegistryFiles) -> None:
        for element in shipped.elements:
            assert element.definition.endswith("。")
            assert element.names.en
            assert element.source_organization == element.steward
            assert re.search(r"《[^》]+》", element.legal_basis)
            assert element.sensitivity != "sensitive" or element.sharing_type != "unconditional", element.identifier

    def test_a_child_is_never_shared_without_conditions(self, shipped: RegistryFiles) -> None:
        """Personal Information Protection Law, art. 28: all about a child under 14 is sensitive."""
        about_children = [e for e in shipped.elements if "child" in e.identifier or "orphan" in e.identifier]
        assert len(about_children) >= 20
        assert {element.sensitivity for element in about_children} == {"sensitive"}


class TestForms:
    def test_each_compiles(self, shipped: RegistryFiles) -> None:
        for form in {form_of(element) for element in shipped.elements}:
            assert form_spec(shipped, *form).plan.columns

    def test_are_told_in_the_documentation_as_they_are(self, shipped: RegistryFiles) -> None:
        assert f"{len(shipped.elements)} elements" in DOCUMENT
        told = re.findall(r"^\| `([a-z-]+)` [^|]+\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", DOCUMENT, re.MULTILINE)
        forms = {form_code(*form_of(element)): form_of(element) for element in shipped.elements}
        sources = Counter((form_of(element), element.source) for element in shipped.elements)
        severities = Counter((form_of(rule), rule.severity) for rule in shipped.rules)
        assert {code: tuple(map(int, counts)) for code, *counts in told} == {
            code: (
                sources[form, "captured"],
                sources[form, "derived"],
                severities[form, "error"],
                severities[form, "warning"],
            )
            for code, form in forms.items()
        }
        named = {name for name in re.findall(r"`([a-z0-9_]+)`", DOCUMENT) if name.startswith(("village_", "township_"))}
        assert named <= {element.identifier for element in shipped.elements}
