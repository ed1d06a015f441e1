"""What heads the columns of a form's elements: every spelling that means one of them only. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from hub.imports.words import plain
from hub.validation import ElementSpec


def names_of(elements: Sequence[ElementSpec], aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Spelling to identifier. A name goes before an alias, and a name alone before one with its unit."""
    groups = (
        [(element, element.identifier) for element in elements],
        [(element, element.name) for element in elements],
        [(element, element.name_en or "") for element in elements],
        [(element, alias) for element in elements for alias in aliases.get(element.identifier, [])],
    )
    bare = [[(plain(text), element.identifier) for element, text in group] for group in groups]
    united = [[(word, one.identifier) for one, text in group for word in _with_unit(one, text)] for group in groups]
    names: dict[str, str] = {}
    for spelled in (*bare, *united):
        counts = Counter(word for word, _identifier in set(spelled))
        for word, identifier in spelled:
            if word and counts[word] == 1:
                names.setdefault(word, identifier)
    return names


def _with_unit(element: ElementSpec, name: str) -> tuple[str, ...]:
    """户籍人口数（人）, 户籍人口数（单位：人）.

    Nothing else in brackets is passed over: 收入（元） is not 收入 in 万元, and 外出务工人数（男） not all of them.
    """
    unit = element.domain.unit
    return (plain(f"{name}{unit}"), plain(f"{name}单位{unit}")) if name and unit else ()
