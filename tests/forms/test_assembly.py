import itertools

import pytest

from hub.forms.assembly import Difference, OfferedElement, OfferedRule, assemble, difference


def offered(identifier: str, **overrides: object) -> OfferedElement:
    values = {
        "identifier": identifier,
        "version": 1,
        "topic": "人口",
        "position": 10,
        "source": "captured",
        "is_required": True,
    }
    return OfferedElement(**{**values, **overrides})


class TestAssemble:
    def test_orders_sections_by_their_first_element_and_elements_by_position(self) -> None:
        elements = [
            offered("workers", topic="劳动力", position=30),
            offered("households", topic="人口", position=20),
            offered("aid", topic="救助", position=15),
            offered("population", topic="人口", position=10),
        ]
        assembly = assemble(elements, [])
        assert [(item.section, item.identifier) for item in assembly.items] == [
            ("人口", "population"),
            ("人口", "households"),
            ("救助", "aid"),
            ("劳动力", "workers"),
        ]
        assert [item.position for item in assembly.items] == [1, 2, 3, 4]

    def test_gives_the_same_form_whatever_order_elements_come_in(self) -> None:
        elements = [offered("a", topic="甲"), offered("b", topic="乙"), offered("c", topic="甲"), offered("d")]
        assert len({assemble(order, []).items for order in itertools.permutations(elements)}) == 1

    def test_asks_each_element_once_in_its_newest_version(self) -> None:
        assembly = assemble([offered("a", version=2), offered("a", version=3), offered("a", version=1)], [])
        assert [(item.identifier, item.element_version) for item in assembly.items] == [("a", 3)]

    @pytest.mark.parametrize(
        ("source", "is_required", "obligation"),
        [
            ("captured", True, "mandatory"),
            ("captured", False, "optional"),
            ("derived", True, "optional"),
            ("supplied", True, "optional"),
        ],
    )
    def test_only_what_a_person_fills_in_is_owed(self, source: str, is_required: bool, obligation: str) -> None:
        (item,) = assemble([offered("a", source=source, is_required=is_required)], []).items
        assert item.obligation == obligation

    def test_leaves_out_what_could_never_be_computed(self) -> None:
        elements = [
            offered("a"),
            offered("double", source="derived", expression="a + a"),
            offered("lost", source="derived", expression="a + gone"),
            offered("built_on_lost", source="derived", expression="lost + a"),
        ]
        assert {item.identifier for item in assemble(elements, []).items} == {"a", "double"}

    def test_leaves_out_rules_over_elements_that_are_not_asked(self) -> None:
        rules = [OfferedRule("r2", 1, ("a", "b")), OfferedRule("r1", 4, ("a",)), OfferedRule("r3", 1, ("a", "gone"))]
        assembly = assemble([offered("a"), offered("b")], rules)
        assert [(rule.identifier, rule.version) for rule in assembly.rules] == [("r1", 4), ("r2", 1)]


def test_difference_tells_what_publishing_would_change() -> None:
    assert difference({"a": 1, "b": 1, "c": 2}, {"b": 1, "c": 3, "d": 1}) == Difference(("d",), ("a",), ("c",))
    assert difference({"a": 1}, {"a": 1}) == Difference()
