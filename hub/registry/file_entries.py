"""From a marked tree to declarations: every fault of a file in one pass, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.kit.i18n import gettext as _
from hub.registry.file_marks import FileFault, Node
from hub.registry.file_models import Declaration

D = TypeVar("D", bound=Declaration)


@dataclass(frozen=True)
class Entry(Generic[D]):
    """A declaration and where it stands; `name` is known even when the rest of it could not be read."""

    file: str
    node: Node
    name: str
    declaration: D | None

    def fault(self, message: str, *path: str | int) -> FileFault:
        return FileFault(self.file, self.node.line_of(path), message)


def read_list(
    root: Node, file: str, key: str, model: type[D], name_field: str = "identifier"
) -> tuple[list[Entry[D]], list[FileFault]]:
    """The entries under `key`, each completed by the file's `defaults`."""
    allowed = {key, "defaults"}
    faults = [
        FileFault(file, node.line, _("不认识的键“{key}”").format(key=name))
        for name, node in root.entries().items()
        if name not in allowed
    ]
    listed = root.entries().get(key)
    if listed is None or not isinstance(listed.value, tuple):
        faults.append(FileFault(file, root.line, _("文件里必须有列表“{key}”").format(key=key)))
        return [], faults
    defaults = root.entries().get("defaults")
    common = defaults.entries() if defaults else {}
    entries = []
    for item in listed.items():
        merged = Node(item.line, {**common, **item.entries()})
        entry, found = read_entry(merged, file, model, name_field)
        entries.append(entry)
        faults.extend(found)
    return entries, faults


def read_entry(node: Node, file: str, model: type[D], name_field: str) -> tuple[Entry[D], list[FileFault]]:
    named = node.entries().get(name_field)
    name = named.value if named and isinstance(named.value, str) else ""
    try:
        return Entry(file, node, name, model.model_validate(node.plain())), []
    except ValidationError as error:
        entry: Entry[D] = Entry(file, node, name, None)
        return entry, [entry.fault(_sentence(detail, name), *detail["loc"]) for detail in error.errors()]


def declared(entries: list[Entry[D]]) -> Iterator[tuple[Entry[D], D]]:
    """The entries that could be read."""
    for entry in entries:
        if entry.declaration is not None:
            yield entry, entry.declaration


def _sentence(detail: ErrorDetails, name: str) -> str:
    place = ".".join(str(step) for step in detail["loc"])
    problem = _problem(detail)
    return f"{name}：{place}：{problem}" if name else f"{place}：{problem}"


def _problem(detail: ErrorDetails) -> str:
    sentences = {
        "missing": _("没有填写"),
        "extra_forbidden": _("不认识的键"),
        "literal_error": _("必须是{expected}之一"),
        "string_type": _("必须是文字（数字、日期和是否要加引号）"),
        "string_too_short": _("不能少于{min_length}个字"),
        "string_too_long": _("不能多于{max_length}个字"),
        "string_pattern_mismatch": _("写法不对，应符合{pattern}"),
        "too_short": _("至少要有{min_length}项"),
        "greater_than_equal": _("不能小于{ge}"),
        "less_than_equal": _("不能大于{le}"),
        "int_type": _("必须是整数，不加引号"),
        "bool_type": _("必须是true或false"),
        "date_type": _("必须是日期，写成2025-01-01，不加引号"),
        "tuple_type": _("必须是列表"),
        "model_type": _("必须是一组键和值"),
        "mapping_type": _("必须是一组键和值"),
        "value_error": "{error}",
    }
    sentence = sentences.get(detail["type"])
    return detail["msg"] if sentence is None else sentence.format(**detail.get("ctx", {}))
