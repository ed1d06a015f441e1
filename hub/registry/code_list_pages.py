"""Code lists in a browser: what there is, one list with who uses it, and its next version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.datatypes import PermissibleValue
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_key, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed
from hub.kit.views import faults_by_field, render, see_other
from hub.registry import code_lists
from hub.registry.definition import CodeListDefinition
from hub.registry.endpoints import CanReadElements, CanRegisterElements
from hub.registry.errors import BreakingChange, DefinitionInvalid, IdentifierTaken, NothingChanged
from hub.registry.models import CodeList
from hub.registry.words import element_label

router = HubRouter(tags=["registry"])

LINES_OF_A_PAGE = 100

Identifier = Annotated[str, Path(max_length=80)]


@dataclass(frozen=True)
class CodeListLine:
    identifier: str
    name: str
    version: int
    count: int
    source: str


@dataclass(frozen=True)
class CodeListsPage:
    lines: tuple[CodeListLine, ...]
    next: str | None
    may_register: bool


@dataclass(frozen=True)
class CodeListVersionLine:
    version: int
    created_at: datetime


@dataclass(frozen=True)
class CodeListPage:
    """The newest version, and who uses it: elements by identifier and name."""

    line: CodeListLine
    values: tuple[Choice, ...]
    users: tuple[Choice, ...]
    versions: tuple[CodeListVersionLine, ...]
    may_register: bool


@dataclass(frozen=True)
class CodeListForm:
    """As it was typed. `values`: a line for each code, the code first, then a blank, then its meaning."""

    identifier: str = ""
    name: str = ""
    source: str = ""
    values: str = ""
    is_breaking: bool = False


@dataclass(frozen=True)
class CodeListFormPage:
    """`version`: the number of the new version, None for a new list. `breaks`: what it would break."""

    typed: CodeListForm
    version: int | None
    action: str
    faults: dict[str, list[str]]
    breaks: tuple[str, ...]
    users: tuple[Choice, ...]

    @property
    def count(self) -> int:
        return sum(len(sentences) for sentences in self.faults.values())


@router.get("/code-lists")
async def list_code_lists(
    request: Request, session: Transaction, subject: CanReadElements, after: After = None
) -> Response:
    found = await code_lists.list_code_lists(session, after=decode_key(after), limit=LINES_OF_A_PAGE + 1)
    shown = found[:LINES_OF_A_PAGE]
    following = encode_position([shown[-1].identifier]) if len(found) > LINES_OF_A_PAGE else None
    page = CodeListsPage(
        tuple(_line(one) for one in shown),
        f"/code-lists?after={following}" if following else None,
        subject.may(Permission.DATA_ELEMENT_REGISTER),
    )
    return render(request, "code_lists.html", page)


@router.get("/code-lists/new")
async def ask_for_code_list(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    return render(request, "code_list_form.html", CodeListFormPage(CodeListForm(), None, "/code-lists/new", {}, (), ()))


@router.post("/code-lists/new")
async def register_code_list(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    typed = _typed(await request.form())
    try:
        added = await _register(session, subject, typed)
    except (DefinitionInvalid, IdentifierTaken) as refusal:
        page = CodeListFormPage(typed, None, "/code-lists/new", _by_field(refusal), (), ())
        return render(request, "code_list_form.html", page, status=refusal.status)
    return see_other(f"/code-lists/{added.identifier}", notice=_("已登记代码表“{name}”。").format(name=added.name))


@router.get("/code-lists/{identifier}")
async def read_code_list(
    request: Request, session: Transaction, subject: CanReadElements, identifier: Identifier
) -> Response:
    versions = await code_lists.list_versions(session, identifier)
    page = CodeListPage(
        line=_line(versions[-1]),
        values=tuple(Choice(item.value, item.meaning) for item in versions[-1].permissible_values),
        users=await _users(session, identifier),
        versions=tuple(CodeListVersionLine(one.version, one.created_at) for one in reversed(versions)),
        may_register=subject.may(Permission.DATA_ELEMENT_REGISTER),
    )
    return render(request, "code_list.html", page)


@router.get("/code-lists/{identifier}/versions/new")
async def ask_for_version(
    request: Request, session: Transaction, subject: CanRegisterElements, identifier: Identifier
) -> Response:
    newest = (await code_lists.list_versions(session, identifier))[-1]
    values = "\n".join(f"{item.value} {item.meaning}" for item in newest.permissible_values)
    typed = CodeListForm(identifier, newest.name, newest.source or "", values)
    return render(request, "code_list_form.html", await _version_page(session, newest, typed))


@router.post("/code-lists/{identifier}/versions/new")
async def register_version(
    request: Request, session: Transaction, subject: CanRegisterElements, identifier: Identifier
) -> Response:
    """A new version of the list, and with it of every element that uses it."""
    newest = (await code_lists.list_versions(session, identifier))[-1]
    typed = replace(_typed(await request.form()), identifier=identifier)
    try:
        revised = await _revise(session, subject, typed)
    except BreakingChange as refusal:
        breaks = tuple(item.message for item in refusal.errors)
        page = await _version_page(session, newest, typed, breaks=breaks)
        return render(request, "code_list_form.html", page, status=refusal.status)
    except (DefinitionInvalid, NothingChanged) as refusal:
        page = await _version_page(session, newest, typed, faults=_by_field(refusal))
        return render(request, "code_list_form.html", page, status=refusal.status)
    notice = _("已登记代码表第{version}版，{count} 个数据元有了新版本，等另一人核准。").format(
        version=revised.code_list.version, count=len(revised.elements)
    )
    return see_other(f"/code-lists/{identifier}", notice=notice)


async def _register(session: AsyncSession, subject: Subject, typed: CodeListForm) -> CodeList:
    values, faults = _read_values(typed.values)
    faults += _check_identifier(typed)
    if faults:
        raise DefinitionInvalid(faults)
    code_list = CodeListDefinition(typed.identifier, typed.name, values, typed.source or None)
    return await code_lists.register_code_list(session, subject, code_list)


async def _revise(session: AsyncSession, subject: Subject, typed: CodeListForm) -> code_lists.CodeListRevised:
    values, faults = _read_values(typed.values)
    if not typed.name:
        faults.append(ErrorItem("/name", "missing", _("必须填写。")))
    if faults:
        raise DefinitionInvalid(faults)
    return await code_lists.register_version(
        session,
        subject,
        typed.identifier,
        values,
        name=typed.name,
        source=typed.source or None,
        breaking=typed.is_breaking,
    )


async def _version_page(
    session: AsyncSession,
    newest: CodeList,
    typed: CodeListForm,
    *,
    faults: dict[str, list[str]] | None = None,
    breaks: tuple[str, ...] = (),
) -> CodeListFormPage:
    users = await _users(session, newest.identifier)
    action = f"/code-lists/{newest.identifier}/versions/new"
    return CodeListFormPage(typed, newest.version + 1, action, faults or {}, breaks, users)


async def _users(session: AsyncSession, identifier: str) -> tuple[Choice, ...]:
    users = await code_lists.using(session, identifier)
    return tuple(Choice(version.identifier, element_label(version)) for version in users)


def _line(code_list: CodeList) -> CodeListLine:
    return CodeListLine(
        code_list.identifier,
        code_list.name,
        code_list.version,
        len(code_list.permissible_values),
        code_list.source or "",
    )


def _typed(form: FormData) -> CodeListForm:
    texts = as_typed(form)
    return CodeListForm(
        identifier=texts.get("identifier", "").strip(),
        name=texts.get("name", "").strip(),
        source=texts.get("source", "").strip(),
        values=texts.get("values", ""),
        is_breaking="breaking" in texts,
    )


def _check_identifier(typed: CodeListForm) -> list[ErrorItem]:
    faults = []
    if not code_lists.is_identifier(typed.identifier):
        message = _("标识符只能用小写字母、数字和下划线，以字母开头。")
        faults.append(ErrorItem("/identifier", "identifier_not_valid", message))
    if not typed.name:
        faults.append(ErrorItem("/name", "missing", _("必须填写。")))
    return faults


def _read_values(text: str) -> tuple[tuple[PermissibleValue, ...], list[ErrorItem]]:
    """A line for each code; what is wrong is told with the number of its line."""
    values, faults = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        value, _blank, meaning = line.strip().replace("\t", " ").partition(" ")
        if not meaning.strip():
            message = _("第{line}行：代码和含义之间要有空格，现在是“{text}”。").format(
                line=number, text=line.strip()[:40]
            )
            faults.append(ErrorItem("/permissible_values", "meaning_missing", message))
        values.append(PermissibleValue(value, meaning.strip()))
    return tuple(values), faults


def _by_field(refusal: HubError) -> dict[str, list[str]]:
    """Faults of single codes stand at the field that holds them all."""
    items: Sequence[ErrorItem] = refusal.errors or (ErrorItem("/identifier", refusal.code, refusal.detail),)
    if isinstance(refusal, NothingChanged):
        items = (ErrorItem("/permissible_values", refusal.code, refusal.detail),)
    found: dict[str, list[str]] = {}
    for name, sentences in faults_by_field(items).items():
        field = "values" if name.startswith("permissible_values") else name
        known = found.setdefault(field, [])
        known += [sentence for sentence in sentences if sentence not in known]
    return found
