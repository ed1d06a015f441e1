"""Headings of the shipped forms, as a careful person would write them."""

import pytest

from hub.datatypes.domain import ValueDomain
from hub.imports.names import names_of
from hub.imports.words import plain
from hub.registry.file_checks import form_of
from hub.validation import ElementSpec
from tests.registry.shipped_forms import form_spec, shipped_registry

FORMS = sorted({form_of(element) for element in shipped_registry().elements})
ALIASES = {element.identifier: element.aliases for element in shipped_registry().elements}


@pytest.mark.parametrize("form", FORMS)
def test_every_elements_own_name_is_it(form: tuple[str, str]) -> None:
    elements = form_spec(shipped_registry(), *form).elements
    names = names_of(elements, ALIASES)
    for element in elements:
        headings = [element.identifier, element.name]
        if element.domain.unit:
            headings += [f"{element.name}（{element.domain.unit}）", f"{element.name} (单位：{element.domain.unit})"]
        assert {heading: names.get(plain(heading)) for heading in headings} == dict.fromkeys(
            headings, element.identifier
        )


class TestBrackets:
    INCOME = ElementSpec("income", 1, "收入", ValueDomain("decimal", unit="万元"))
    WOMEN = ElementSpec("women", 1, "外出务工人数（女）", ValueDomain("integer", unit="人"))
    ALL = ElementSpec("all", 1, "外出务工人数", ValueDomain("integer", unit="人"))

    @pytest.mark.parametrize(
        ("heading", "identifier"),
        [
            ("收入", "income"),
            ("收入（万元）", "income"),
            ("收入（元）", None),
            ("外出务工人数", "all"),
            ("外出务工人数(人)", "all"),
            ("外出务工人数（女）", "women"),
            ("外出务工人数（女）（人）", "women"),
            ("外出务工人数（男）", None),
        ],
    )
    def test_are_a_unit_or_a_part_of_the_name(self, heading: str, identifier: str | None) -> None:
        assert names_of([self.INCOME, self.WOMEN, self.ALL], {}).get(plain(heading)) == identifier

    def test_a_name_of_two_elements_is_nobodys(self) -> None:
        twin = ElementSpec("twin", 1, "收入", ValueDomain("decimal", unit="元"))
        names = names_of([self.INCOME, twin], {"income": ["总收入"]})
        assert [names.get(plain(word)) for word in ("收入", "总收入", "收入（元）")] == [None, "income", "twin"]
