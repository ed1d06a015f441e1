"""The register form says everything that a definition says, and takes it back as it was."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest

from hub.datatypes import ValueDomain
from hub.registry.register_form import read_form, typed_of
from hub.registry.register_page import Offers, form_parts
from tests.registry.factories import element_definition

FULL = element_definition(
    name_en="Migrant workers",
    facets={
        "population": "本村户籍人口",
        "stock_or_flow": "stock",
        "reference_time": "period_end",
        "duration_months": 6,
        "is_registered": True,
        "share": Decimal("0.5"),
    },
    domain=ValueDomain("decimal", unit="万元", minimum=0, maximum=Decimal("99.5"), decimals=2),
    source="derived",
    expression="a + b",
    applies_when="a > 0",
    is_required=True,
    position=30,
    source_decision="编委〔2026〕1号",
    submitting_organization="civil-affairs",
    sharing_conditions="共享范围：本县；使用用途：就业服务",
    example="12.5",
    valid_until=date(2027, 12, 31),
)


def test_every_part_comes_back_as_it_was() -> None:
    """A part that the form forgot would be erased by the next version that somebody registers with it."""
    unsaid = {part.name for part in fields(FULL) if getattr(FULL, part.name) in (None, "", (), {})}
    assert unsaid == {"code_list_version"}
    read = read_form(typed_of(FULL), FULL)
    assert read.faults == []
    assert read.element == FULL


def test_every_part_is_an_input() -> None:
    parts, _links = form_parts(typed_of(FULL), [], Offers((), (), (), ()), is_new=True)
    inputs = {one.name: one.value for part in parts for one in part.inputs}
    typed = {name: value for name, value in typed_of(FULL).items() if value}
    assert {name: inputs.get(name) for name in typed} == typed


@pytest.mark.parametrize(
    ("name", "text", "pointer"),
    [
        ("value_domain_maximum", "很多", "/value_domain/maximum"),
        ("value_domain_decimals", "1.5", "/value_domain/decimals"),
        ("order", "第一", "/order"),
        ("valid_from", "2026-02-30", "/valid_from"),
        ("valid_until", "20271231", "/valid_until"),
        ("identifier", "Nicht", "/identifier"),
        ("names_zh", " ", "/names/zh"),
        ("object_class", "county", "/object_class"),
        ("facets_population", "", "/facets/population"),
        ("facet_name", "climate", "/facet_value"),
        ("facet_value", "wet", "/facet_name"),
    ],
)
def test_a_fault_is_told_at_its_field(name: str, text: str, pointer: str) -> None:
    held = replace(FULL)
    read = read_form({**typed_of(FULL), name: text}, held)
    assert [item.pointer for item in read.faults] == [pointer]


def test_faults_of_one_kind_do_not_hide_those_of_another() -> None:
    typed = {**typed_of(FULL), "identifier": "", "value_domain_unit": "", "order": "x"}
    read = read_form(typed)
    assert {item.pointer for item in read.faults} == {"/identifier", "/value_domain/unit", "/order"}
    assert read.element is not None
