"""The registry files: that the shipped ones are sound, that faults are found, that nothing is lost in writing."""

import csv
import random
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from hub.calendar.periods import Period, PeriodRange
from hub.registry.file_checks import Registered, form_of
from hub.registry.file_marks import RegistryFilesError
from hub.registry.files import (
    ExportFolderNotEmptyError,
    RegistryFiles,
    read_folder,
    write_folder,
)
from hub.settings import share_folder
from hub.validation import FormSpec, LookBack, Row, check, compile_rule, recall
from tests.registry.shipped_forms import form_spec

SHIPPED = share_folder("schemas")
MAGNITUDES = Path(__file__).parents[2] / "hub" / "demo" / "magnitudes.csv"
CONDITIONS = "共享范围：本县民政部门；使用用途：社会救助"

ORGANIZATIONS = """\
organizations:
  - code: civil-affairs
    name: 民政局
    kind: department
    contact: {name: 社会救助股, phone: 0743-0000401}
"""
CODE_LIST = """\
identifier: yes_no_unknown
name: 是否不明
permissible_values:
  - {value: "1", meaning: 是}
  - {value: "2", meaning: 否}
"""
ELEMENTS = """\
defaults:
  topic: 人口
  object_class: village
  period_type: month
  source: captured
  required: true
  value_domain: {datatype: integer, unit: 人, minimum: 0, maximum: 20000}
  source_organization: civil-affairs
  steward: civil-affairs
  legal_basis: 《政务数据共享条例》第十九条
  sharing_type: unconditional
  sensitivity: internal
  collection_basis: administrative
  valid_from: 2025-01-01
elements:
  - identifier: village_people
    order: 1
    names: {zh: 人口数, en: People}
    definition: 报告月末户口登记在本村的人口数。
    property: people
    facets: {population: 户籍人口, stock_or_flow: stock, reference_time: period_end}
  - identifier: village_women
    order: 2
    names: {zh: 妇女人数, en: Women}
    definition: 报告月末户籍人口中的女性人数。
    property: people
    facets: {population: 户籍人口, sex: female, stock_or_flow: stock, reference_time: period_end}
"""
RULES = """\
rules:
  - identifier: village_women_within_people
    object_class: village
    period_type: month
    severity: error
    element: village_women
    expression: village_women <= village_people
    messages: {zh: 妇女多于人口, en: More women than people}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small, sound registry."""
    files = {
        "organizations.yaml": ORGANIZATIONS,
        "code_lists/yes_no_unknown.yaml": CODE_LIST,
        "elements/population.yaml": ELEMENTS,
        "rules/population.yaml": RULES,
    }
    for name, text in files.items():
        path = tmp_path / "registry" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "registry"


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replaces the first `old` and tells on which line it stood."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def faults(folder: Path) -> list[tuple[str, int]]:
    with pytest.raises(RegistryFilesError) as caught:
        read_folder(folder)
    return [(fault.file, fault.line) for fault in caught.value.faults]


@pytest.fixture(scope="module")
def shipped() -> RegistryFiles:
    return read_folder(SHIPPED)


class TestShippedRegistry:
    def test_holds_the_real_elements_of_three_departments(self, shipped: RegistryFiles) -> None:
        assert len(shipped.elements) >= 90
        assert {element.steward for element in shipped.elements} == {
            "human-resources",
            "poverty-relief",
            "civil-affairs",
        }
        assert {form_of(element) for element in shipped.elements} == {
            ("village", "month"),
            ("village", "quarter"),
            ("village", "half_year"),
            ("village", "year"),
            ("township", "month"),
            ("township", "quarter"),
            ("township", "year"),
        }

    def test_uses_every_kind_of_value_source_and_sharing(self, shipped: RegistryFiles) -> None:
        assert {element.value_domain.datatype for element in shipped.elements} == {
            "integer",
            "decimal",
            "boolean",
            "text",
            "code",
            "date",
        }
        assert {element.source for element in shipped.elements} == {"captured", "derived"}
        assert {element.sharing_type for element in shipped.elements} == {"unconditional", "conditional", "not_shared"}

    def test_has_cross_checks_of_both_severities(self, shipped: RegistryFiles) -> None:
        assert len(shipped.rules) >= 20
        assert sum(rule.severity == "warning" for rule in shipped.rules) >= 4
        assert sum("previous(" in rule.expression for rule in shipped.rules) >= 4

    def test_compares_with_the_past_in_every_way_and_only_warns(self, shipped: RegistryFiles) -> None:
        domains = {element.identifier: shipped.value_domain(element) for element in shipped.elements}
        found = {
            (look_back, rule.severity)
            for rule in shipped.rules
            for look_back, _identifier in compile_rule(rule.expression, domains).looked_back
        }
        assert found == {(look_back, "warning") for look_back in LookBack}

    def test_every_form_compiles(self, shipped: RegistryFiles) -> None:
        for form in {form_of(element) for element in shipped.elements}:
            assert form_spec(shipped, *form).plan.columns

    def test_every_owner_has_a_phone_that_nobody_has(self, shipped: RegistryFiles) -> None:
        assert all(organization.contact.phone.startswith("0743-0000") for organization in shipped.organizations)


class TestMigrantWorkers:
    """What the contract promises of the one element that everybody's examples use."""

    def test_is_a_bounded_captured_count(self, shipped: RegistryFiles) -> None:
        (element,) = [item for item in shipped.elements if item.identifier == "village_migrant_workers"]
        assert form_of(element) == ("village", "month")
        assert (element.source, element.required, element.sharing_type) == ("captured", True, "conditional")
        domain = element.value_domain
        assert (domain.datatype, domain.minimum, domain.maximum) == ("integer", 0, 20000)
        assert {"外出打工人数", "农村劳动力转移就业人数"} <= set(element.aliases)

    def test_stands_only_in_at_most_rules(self, shipped: RegistryFiles) -> None:
        domains = {element.identifier: shipped.value_domain(element) for element in shipped.elements}
        naming = [
            rule for rule in shipped.rules if "village_migrant_workers" in compile_rule(rule.expression, domains).named
        ]
        assert naming
        for rule in naming:
            assert "<=" in rule.expression
            assert "=" not in rule.expression.replace("<=", "")
            assert not {"OR", "AND", "CASE", "ABS(", ">"} & set(rule.expression.replace("ABS(", "ABS( ").split())
        assert not [item for item in shipped.elements if "village_migrant_workers " in f"{item.expression or ''} "]


class TestMagnitudes:
    """The ranges that a generator of demo values draws from satisfy every rule, also after 20 more migrants."""

    def test_name_every_captured_element_once(self, shipped: RegistryFiles) -> None:
        with MAGNITUDES.open(encoding="utf-8") as file:
            named = [line["identifier"] for line in csv.DictReader(file)]
        captured = {element.identifier for element in shipped.elements if element.source == "captured"}
        assert sorted(named) == sorted(captured)

    @pytest.mark.parametrize("seed", range(4))
    def test_satisfy_every_rule_with_slack(self, shipped: RegistryFiles, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - repeatable values, no secret
        forms = [form_spec(shipped, *form) for form in sorted({form_of(element) for element in shipped.elements})]
        with MAGNITUDES.open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        flows = {e.identifier for e in shipped.elements if e.facets.get("stock_or_flow") == "flow"}
        held: list[dict[str, dict[str, object]]] = [{} for _ in range(60)]
        shares: list[dict[str, float]] = [{} for _ in range(60)]
        for period in PeriodRange.parse("2025-04..2026-06").periods():
            current = [drawn(rng, lines, flows, share, period, shipped) for share in shares]
            for form in forms:
                assert_sound(form, period, current, held)
            for values, one in zip(current, held, strict=True):
                one[str(period)] = values
        before, more = period.previous(), [with_more_migrants(values) for values in current]
        much_before = [{**one, str(before): with_more_migrants(one[str(before)])} for one in held]
        for form in forms:
            assert_sound(form, period, more, held)
            assert_sound(form, period, current, much_before)

    def test_ten_times_the_past_is_a_warning_with_both_numbers(self, shipped: RegistryFiles) -> None:
        form, period = form_spec(shipped, "village", "month"), Period.parse("2026-06")
        count = "village_minimum_living_persons"
        held = {str(month): {count: 30} for month in (period.previous(), period.year_ago())}
        row = Row("433124102200", {count: 300}, past=recall(form.plan.looked_back, period, held))
        warnings = [finding for finding in check(form, [row]).warnings if finding.element == count]
        assert [finding.rule for finding in warnings] == [
            "village_minimum_living_jump",
            "village_minimum_living_year_ago",
        ]
        assert all("人数300人" in finding.message and "人数30人" in finding.message for finding in warnings)


def with_more_migrants(values: dict[str, object]) -> dict[str, object]:
    return {**values, "village_migrant_workers": values["village_migrant_workers"] + 40}


def assert_sound(
    form: FormSpec, period: Period, current: list[dict[str, object]], held: list[dict[str, dict[str, object]]]
) -> None:
    """Every form is judged month by month, the quarter's and the year's too."""
    mine = {element.identifier for element in form.elements if element.source == "captured"}
    rows = [
        Row(
            f"4331241022{number:02}",
            values={key: value for key, value in now.items() if key in mine},
            past=recall(form.plan.looked_back, period, passed),
        )
        for number, (now, passed) in enumerate(zip(current, held, strict=True))
    ]
    assert not check(form, rows).findings


def drawn(
    rng: random.Random,
    lines: list[dict[str, str]],
    flows: set[str],
    shares: dict[str, float],
    period: Period,
    files: RegistryFiles,
) -> dict[str, object]:
    """One village's values: stocks keep their share within 2 %, flows are drawn afresh."""
    elements = {element.identifier: element for element in files.elements}
    values: dict[str, object] = {}
    for line in lines:
        identifier, domain = line["identifier"], elements[line["identifier"]].value_domain
        condition = elements[identifier].applies_when
        if condition is not None and not values[condition]:
            continue
        if line["choices"]:
            choice = rng.choice(line["choices"].split("|"))
            values[identifier] = choice == "true" if domain.datatype == "boolean" else choice
        elif line["base"] == "day":
            day = rng.randint(int(line["low"]), int(line["high"]))
            values[identifier] = period.first_day.replace(day=day).isoformat()
        else:
            low, high = float(line["low"]), float(line["high"])
            fresh = rng.uniform(low, high)
            share = fresh if identifier in flows else shares.setdefault(identifier, fresh)
            wobble = 1 if identifier in flows or low == high else rng.uniform(0.98, 1.02)
            number = Decimal(share * wobble) * signed_sum(line["base"], values)
            decimals = domain.decimals or 0
            values[identifier] = round(number, decimals) if decimals else int(number)
    return values


def signed_sum(base: str, values: dict[str, object]) -> int | Decimal:
    total, sign = 0, 1
    for word in base.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            total += sign * values[word]
    return total if base else 1


class TestReadFolder:
    def test_reads_in_the_order_of_the_form_and_completes_by_defaults(self, folder: Path) -> None:
        files = read_folder(folder)
        assert [element.identifier for element in files.elements] == ["village_people", "village_women"]
        assert files.elements[1].value_domain.maximum == 20000
        assert files.rules[0].element == "village_women"

    def test_keeps_decimals_exact(self, folder: Path) -> None:
        old = "{datatype: integer, unit: 人, minimum: 0, maximum: 20000}"
        change(
            folder,
            "elements/population.yaml",
            old,
            "{datatype: decimal, unit: 人, minimum: 0.1, maximum: 9.30, decimals: 2}",
        )
        domain = read_folder(folder).elements[0].value_domain
        assert (domain.minimum, domain.maximum) == (Decimal("0.1"), Decimal("9.30"))

    def test_takes_a_folder_of_one_element_beside_what_is_registered(self, folder: Path) -> None:
        whole = read_folder(folder)
        shutil.rmtree(folder / "code_lists")
        (folder / "organizations.yaml").unlink()
        text = (folder / "elements/population.yaml").read_text(encoding="utf-8")
        head, _first, second = text.split("  - identifier")
        (folder / "elements/population.yaml").write_text(f"{head}  - identifier{second}", encoding="utf-8")
        registered = Registered(
            organizations=frozenset({"civil-affairs"}),
            domains={("village", "month"): {"village_people": whole.value_domain(whole.elements[0])}},
        )
        assert [item.identifier for item in read_folder(folder, registered).elements] == ["village_women"]
        assert len(faults(folder)) == 3  # two unknown owners, one unknown element of the rule

    def test_a_missing_folder_is_a_fault(self, tmp_path: Path) -> None:
        assert len(faults(tmp_path / "nowhere")) == 1


POPULATION = "elements/population.yaml"
WRONG = [
    # unreadable files
    (POPULATION, "facets: {population: 户籍人口,", "facets: {population: [户籍人口,", 0),
    (POPULATION, "topic: 人口", "topic: &a 人口\n  other: *a", 1),
    (POPULATION, "topic: 人口", "topic: !!python/name:os.system 人口", 0),
    ("organizations.yaml", "kind: department", "kind: department\n    kind: authority", 1),
    # the shape of an entry
    (POPULATION, "order: 2", "order: two", 0),
    (POPULATION, "order: 2", "order: 2\n    colour: red", 1),
    (POPULATION, "    definition: 报告月末户口登记在本村的人口数。\n", "", -3),
    (POPULATION, "required: true", "required: 1", 0),
    (POPULATION, "minimum: 0,", "minimum: .inf,", 0),
    (POPULATION, "minimum: 0,", "minimum: 'none',", 0),
    (POPULATION, "sharing_type: unconditional", "sharing_type: secret", 0),
    (POPULATION, "valid_from: 2025-01-01", "valid_from: 2025-02-30", 0),
    (POPULATION, "valid_from: 2025-01-01", "valid_from: 2025", 0),
    (POPULATION, "elements:", "fields:", 0),
    ("organizations.yaml", "    contact: {name: 社会救助股, phone: 0743-0000401}\n", "", -3),
    # what entries are to each other
    (POPULATION, "identifier: village_women", "identifier: village_people", 0),
    (POPULATION, "identifier: village_women", "identifier: township_women", 0),
    (POPULATION, "order: 2", "order: 1", 0),
    (POPULATION, "sex: female, ", "", 0),
    (POPULATION, "steward: civil-affairs", "steward: nobody", 0),
    (POPULATION, "{datatype: integer, unit: 人,", "{datatype: code, code_list: unknown_list,", 0),
    (POPULATION, "{datatype: integer, unit: 人,", "{datatype: integer,", 0),
    (POPULATION, "maximum: 20000", "maximum: -1", 0),
    (POPULATION, "datatype: integer", "datatype: colour", 0),
    (POPULATION, "stock_or_flow: stock, ", "", 0),
    (POPULATION, "stock_or_flow: stock", "stock_or_flow: pile", 0),
    (POPULATION, "order: 2", "order: 2\n    example: many", 1),
    (POPULATION, "order: 2", "order: 2\n    valid_until: 2024-12-31", 1),
    # Order 809, art. 15
    (POPULATION, "sharing_type: unconditional", "sharing_type: conditional", 0),
    (POPULATION, "sharing_type: unconditional", "sharing_type: not_shared\n  sharing_conditions: 不便公开", 1),
    (POPULATION, "sharing_type: unconditional", "sharing_type: unconditional\n  sharing_conditions: 须经领导同意", 1),
    # rules and derivations
    (POPULATION, "order: 2", "order: 2\n    source: derived\n    expression: village_men + 1", 2),
    (POPULATION, "order: 2", "order: 2\n    source: derived\n    expression: village_women + 1", 2),
    (POPULATION, "order: 2", "order: 2\n    applies_when: village_people + 1", 1),
    (POPULATION, "order: 2", "order: 2\n    applies_when: village_women > 1", 1),
    (POPULATION, "order: 2", "order: 2\n    source: derived", 1),
    ("rules/population.yaml", "<= village_people", "<= village_men", 0),
    ("rules/population.yaml", "<= village_people", "+ village_people", 0),
    ("rules/population.yaml", "<= village_people", "<= (SELECT 1)", 0),
    ("rules/population.yaml", "element: village_women", "element: village_men", 0),
    ("rules/population.yaml", "period_type: month", "period_type: year", 3),
    ("code_lists/yes_no_unknown.yaml", 'value: "1"', "value: 1", 0),
]


class TestFaults:
    @pytest.mark.parametrize(("name", "old", "new", "offset"), WRONG)
    def test_each_has_its_file_and_line(self, folder: Path, name: str, old: str, new: str, offset: int) -> None:
        line = change(folder, name, old, new)
        assert (name, line + offset) in faults(folder)

    def test_all_come_at_once(self, folder: Path) -> None:
        change(folder, "organizations.yaml", "kind: department", "kind: club")
        change(folder, POPULATION, "order: 2", "order: two")
        change(folder, POPULATION, "steward: civil-affairs", "steward: nobody")
        change(folder, "rules/population.yaml", "severity: error", "severity: fatal")
        with pytest.raises(RegistryFilesError) as caught:
            read_folder(folder)
        assert {fault.file for fault in caught.value.faults} == {
            "organizations.yaml",
            POPULATION,
            "rules/population.yaml",
        }
        assert len(caught.value.errors) == len(caught.value.faults) == 4

    def test_an_element_at_fault_is_not_told_again_by_its_rules(self, folder: Path) -> None:
        line = change(folder, POPULATION, "order: 2", "order: two")
        assert faults(folder) == [(POPULATION, line)]

    def test_derivations_in_a_circle_are_named(self, folder: Path) -> None:
        change(folder, POPULATION, "order: 1", "order: 1\n    source: derived\n    expression: village_women + 1")
        change(folder, POPULATION, "order: 2", "order: 2\n    source: derived\n    expression: village_people + 1")
        (folder / "rules/population.yaml").unlink()
        assert len(faults(folder)) == 2

    def test_a_code_list_value_given_twice(self, folder: Path) -> None:
        change(folder, "code_lists/yes_no_unknown.yaml", 'value: "2"', 'value: "1"')
        old = "value_domain: {datatype: integer, unit: 人, minimum: 0, maximum: 20000}"
        line = change(folder, POPULATION, old, "value_domain: {datatype: code, code_list: yes_no_unknown}")
        assert (POPULATION, line) in faults(folder)

    def test_an_unreadable_file_is_not_told_again_by_what_names_it(self, folder: Path) -> None:
        change(folder, POPULATION, "order: 2", "order: [2")
        assert [file for file, _line in faults(folder)] == [POPULATION]

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"- a\n- b\n", b"a: \x00", b"[" * 5000])
    def test_what_is_no_registry_file(self, folder: Path, content: bytes) -> None:
        (folder / POPULATION).write_bytes(content)
        assert (POPULATION, 1) in faults(folder)

    def test_a_file_that_would_be_skipped(self, folder: Path) -> None:
        (folder / "elements/more.yml").write_text("elements: []")
        assert faults(folder) == [("elements/more.yml", 1)]


class TestWriteFolder:
    def test_reads_back_the_same(self, shipped: RegistryFiles, tmp_path: Path) -> None:
        write_folder(shipped, tmp_path / "export")
        assert read_folder(tmp_path / "export") == shipped

    def test_writes_the_same_bytes_each_time(self, shipped: RegistryFiles, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write_folder(read_folder(SHIPPED), tmp_path / name)
        files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.yaml"))
        assert files
        for file in files:
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
        assert shipped == read_folder(tmp_path / "two")

    def test_refuses_a_folder_that_holds_something(self, shipped: RegistryFiles, tmp_path: Path) -> None:
        (tmp_path / "old.yaml").touch()
        with pytest.raises(ExportFolderNotEmptyError):
            write_folder(shipped, tmp_path)
