import ast
import re
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
HUB = ROOT / "hub"
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
HAN = re.compile(r"[\u3400-\u9fff]")
# Registry files, uploads and workbooks have these words in them, whatever language their author reads.
WRITTEN_IN_CHINESE = ("“理由：…；依据：《", "“共享范围：…；使用用途：…”", "区划代码", "填“是”或“否”")


def extract(folder: Path) -> set[str]:
    """What `make messages` would find, by the same patterns."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    options = {found["pattern"]: {k: v for k, v in found.items() if isinstance(v, str)} for found in mappings}
    found = extract_from_dir(folder, [(one["pattern"], one["method"]) for one in mappings], options)
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def catalogue() -> Catalog:
    with (HUB / "locale/en/LC_MESSAGES/hub.po").open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def faults(sources: set[str], english: Catalog) -> list[str]:
    texts = {str(message.id): str(message.string or "") for message in english if message.id}
    found = [f"fuzzy: {message.id}" for message in english if message.id and message.fuzzy]
    found += [f"obsolete: {message}" for message in [*(texts.keys() - sources), *english.obsolete]]
    for message in sorted(sources):
        text = texts.get(message, "")
        if not text.strip():
            found.append(f"not translated: {message}")
        elif sorted(PLACEHOLDER.findall(message)) != sorted(PLACEHOLDER.findall(text)):
            found.append(f"other placeholders: {message}")
        elif HAN.search(text) and not any(words in message for words in WRITTEN_IN_CHINESE):
            found.append(f"not English: {message}")
    return found


def hidden(source: str, extracted: set[str]) -> list[int]:
    """Lines of `_(…)` whose message Babel cannot see: a variable, or a call inside an f-string (before Python 3.12)."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
        if not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in extracted)
    ]


class TestTheCatalogue:
    def test_says_everything_in_english_and_nothing_else(self) -> None:
        assert faults(extract(HUB), catalogue()) == []

    def test_no_message_is_hidden_from_it(self) -> None:
        extracted = extract(HUB)
        found = {path.relative_to(ROOT): hidden(path.read_text(), extracted) for path in HUB.rglob("*.py")}
        assert {path: lines for path, lines in found.items() if lines} == {}


class TestTheCheckItself:
    @pytest.fixture
    def sources(self, tmp_path: Path) -> set[str]:
        (tmp_path / "templates").mkdir()
        (tmp_path / "words.py").write_text('_("没有{name}。").format(name=1)\n')
        (tmp_path / "templates" / "page.html").write_text('<p>{{ _("首页") }}</p>{% trans %}继续{% endtrans %}')
        return extract(tmp_path)

    @pytest.fixture
    def english(self) -> Catalog:
        whole = Catalog(locale="en")
        whole.add("没有{name}。", "There is no {name}.")
        whole.add("首页", "Start page")
        whole.add("继续", "Continue")
        return whole

    def test_is_content_with_a_whole_catalogue(self, sources: set[str], english: Catalog) -> None:
        assert faults(sources, english) == []

    def test_finds_an_absent_message(self, sources: set[str], english: Catalog) -> None:
        english.delete("继续")
        assert faults(sources, english) == ["not translated: 继续"]

    @pytest.mark.parametrize(
        ("message", "text", "fault"),
        [
            ("首页", "", "not translated"),
            ("首页", "首页", "not English"),
            ("没有{name}。", "There is no {code}.", "other placeholders"),
            ("没有{name}。", "There is none.", "other placeholders"),
        ],
    )
    def test_finds_a_bad_one(self, sources: set[str], english: Catalog, message: str, text: str, fault: str) -> None:
        english[message].string = text
        assert faults(sources, english) == [f"{fault}: {message}"]

    def test_finds_one_that_nobody_says(self, sources: set[str], english: Catalog) -> None:
        english.add("旧话", "Old words")
        assert faults(sources, english) == ["obsolete: 旧话"]

    def test_finds_a_guess(self, sources: set[str], english: Catalog) -> None:
        english["首页"].flags.add("fuzzy")
        assert faults(sources, english) == ["fuzzy: 首页"]

    def test_finds_a_hidden_one(self) -> None:
        assert hidden('_("首页")\n_(words)\nf"{_(\'继续\')}"\n', {"首页"}) == [2, 3]
