"""YAML that remembers its lines, and says everything that is wrong with it.

A plain loader forgets where a value stood, reads 0.1 as a binary float, lets the last of two equal keys win and
expands aliases without bound. A registry file is law for a county's forms, so none of that may happen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _

TYPE_PREFIX = "tag:yaml.org,2002:"

Scalar = str | int | bool | Decimal | date | None


@dataclass(frozen=True, order=True)
class FileFault:
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RegistryFilesError(Unprocessable):
    """The files cannot be taken; nothing of them was."""

    code = "registry_files_invalid"

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(
            _("登记册文件有{count}处错误，没有导入任何内容").format(count=len(self.faults)),
            errors=[
                ErrorItem(pointer=f"{fault.file}:{fault.line}", code="file_fault", message=fault.message)
                for fault in self.faults
            ],
        )


@dataclass(frozen=True)
class Node:
    """A value and its line; an entry of a mapping has the line of its key."""

    line: int
    value: "Scalar | Mapping[str, Node] | Sequence[Node]"

    def entries(self) -> "Mapping[str, Node]":
        return self.value if isinstance(self.value, Mapping) else {}

    def items(self) -> "Sequence[Node]":
        return self.value if isinstance(self.value, tuple) else ()

    def plain(self) -> object:
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of the deepest part of `path` that is really written in the file."""
        node = self
        for step in path:
            if isinstance(step, str) and step in node.entries():
                node = node.entries()[step]
            elif isinstance(step, int) and step < len(node.items()):
                node = node.items()[step]
            else:
                break
        return node.line


# libyaml's parser where PyYAML was built with it: seven times as fast, with the same nodes and marks.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Deeper than any registry file, and shallow enough for a parser that recurses in C, where nothing stops it in time.
DEEPEST = 50


def _refuse_traps(text: str) -> None:
    """A handful of nested aliases expands to billions of values, and deep nesting overflows the parser's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, AliasEvent):
            raise yaml.MarkedYAMLError(problem=_("不能使用别名（*）"), problem_mark=event.start_mark)  # type: ignore[arg-type]  # libyaml has a mark of its own
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise RecursionError
        elif isinstance(event, CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[FileFault] = []
        self._constructor = SafeConstructor()

    def fault(self, line: int, message: str) -> None:
        self.faults.append(FileFault(self.file, line, message))

    def read(self, node: yaml.Node, line: int) -> Node:
        match node:
            case yaml.MappingNode():
                return Node(line, self._mapping(node))
            case yaml.SequenceNode():
                return Node(line, tuple(self.read(item, item.start_mark.line + 1) for item in node.value))
            case yaml.ScalarNode():
                return Node(line, self._scalar(node, line))
        raise AssertionError(node)

    def _mapping(self, node: yaml.MappingNode) -> Mapping[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.fault(line, _("键必须是一个词"))
            elif key.value in entries:
                self.fault(line, _("键“{key}”写了两次").format(key=key.value))
            else:
                entries[key.value] = self.read(value, line)
        return entries

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Scalar:
        try:
            match node.tag.removeprefix(TYPE_PREFIX):
                case "str":
                    return str(node.value)
                case "null":
                    return None
                case "bool":
                    return bool(self._constructor.construct_yaml_bool(node))
                case "int":
                    return int(self._constructor.construct_yaml_int(node))
                case "float":
                    number = Decimal(node.value.replace("_", ""))
                    if number.is_finite():
                        return number
                case "timestamp":
                    moment = self._constructor.construct_yaml_timestamp(node)
                    if type(moment) is date:
                        return moment
        except (ValueError, ArithmeticError):
            pass  # falls through to the one sentence for every scalar that cannot be read
        self.fault(line, _("读不懂“{value}”").format(value=node.value[:40]))
        return None


def read_marked(content: bytes, file: str) -> tuple[Node | None, list[FileFault]]:
    """The file's tree, or None when it is not YAML at all, and what is wrong with it so far."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [FileFault(file, line, _("文件必须用UTF-8编码"))]
    try:
        _refuse_traps(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [FileFault(file, line, _("不是有效的YAML：{problem}").format(problem=error.problem))]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, [FileFault(file, line, _("不是有效的YAML：{problem}").format(problem=error.reason))]
    except RecursionError:
        return None, [FileFault(file, 1, _("嵌套太深"))]
    if root is None:
        return None, [FileFault(file, 1, _("文件是空的"))]
    reader = _Reader(file)
    try:
        return reader.read(root, root.start_mark.line + 1), reader.faults
    except RecursionError:
        return None, [FileFault(file, 1, _("嵌套太深"))]
