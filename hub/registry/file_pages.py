"""The registry as files in a browser: download it, and upload what changes it, with a dry run in between."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import HubError, PayloadTooLarge
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.uploads.errors import UploadRefused
from hub.kit.views import render, see_other
from hub.registry.endpoints import CanReadElements, CanRegisterElements
from hub.registry.errors import PlanMoved, SchemaRefused
from hub.registry.export import export_archive
from hub.registry.file_import import OrganizationsNotManaged, apply_upload, fingerprint, plan_upload
from hub.registry.file_marks import FileFault, RegistryFilesError
from hub.registry.file_upload import LIMITS, Contents, packed, read_upload, unpacked
from hub.registry.plan import Change, Plan

router = HubRouter(tags=["registry"])

MOST_LINES = 500


@dataclass(frozen=True)
class PlanLine:
    """One thing that the files say otherwise, or anew; `tone` is the colour of `kind`, which says it in words."""

    item: str
    identifier: str
    href: str
    kind: str
    tone: str
    version: int
    said: str
    place: str


@dataclass(frozen=True)
class PlanPage:
    """`content` and `fingerprint` come back with the confirmation; both are empty when nothing may be applied."""

    lines: tuple[PlanLine, ...]
    more: int
    counts: tuple[tuple[str, int], ...]
    content: str
    fingerprint: str
    may_apply: bool
    refusal: str


@dataclass(frozen=True)
class FilesPage:
    """`faults`: what is wrong with the files that were uploaded, each with its file and line."""

    may_import: bool
    faults: tuple[FileFault, ...]
    refusal: str


@router.get("/registry/files")
async def show_files(request: Request, session: Transaction, subject: CanReadElements) -> Response:
    return _files(request, subject)


@router.get("/registry/export")
async def export_registry(session: Transaction, _subject: CanReadElements) -> Response:
    return _download(await export_archive(session), "registry.zip")


@router.get("/data-elements/{identifier}/file")
async def export_element(
    session: Transaction, _subject: CanReadElements, identifier: Annotated[str, Path(max_length=80)]
) -> Response:
    return _download(await export_archive(session, identifier), f"{identifier}.zip")


@router.post("/registry/files")
async def plan_import(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    """What the files would change. Nothing is written."""
    try:
        contents = read_upload(await _received(await request.form()))
        plan = await plan_upload(session, contents)
    except RegistryFilesError as refusal:
        return _files(request, subject, faults=refusal.faults, status=refusal.status)
    except (UploadRefused, PayloadTooLarge) as refusal:
        return _files(request, subject, refusal=refusal)
    return render(request, "registry_plan.html", plan_page(plan, contents))


@router.post("/registry/files/application")
async def apply_import(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    """The plan that was shown, as it was shown, or nothing."""
    form = await request.form()
    contents = unpacked(str(form.get("content", "")))
    try:
        plan = await apply_upload(session, subject, contents, str(form.get("fingerprint", "")))
    except (PlanMoved, SchemaRefused, OrganizationsNotManaged) as refusal:
        return await _show_again(request, session, contents, refusal)
    notice = _("已导入 {count} 项，等另一人核准。").format(count=len(plan.pending))
    return see_other("/data-elements/waiting", notice=notice)


async def _show_again(request: Request, session: AsyncSession, contents: Contents, refusal: HubError) -> Response:
    plan = await plan_upload(session, contents)
    page = plan_page(plan, contents, refusal=refusal.detail)
    return render(request, "registry_plan.html", page, status=refusal.status)


async def _received(form: FormData) -> list[tuple[str, bytes]]:
    """The files of the form; a browser sends an empty one when none was chosen."""
    files = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    if sum(one.size or 0 for one in files) > LIMITS.bytes:
        raise PayloadTooLarge(_("文件太大：最多 {limit} MB。").format(limit=LIMITS.bytes // (1024 * 1024)))
    return [(one.filename or "", await one.read()) for one in files]


def _files(
    request: Request,
    subject: Subject,
    *,
    faults: Sequence[FileFault] = (),
    refusal: HubError | None = None,
    status: int = 200,
) -> Response:
    page = FilesPage(subject.may(Permission.DATA_ELEMENT_REGISTER), tuple(faults), refusal.detail if refusal else "")
    return render(request, "registry_files.html", page, status=refusal.status if refusal else status)


def _download(content: bytes, name: str) -> Response:
    return Response(
        content, media_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def plan_page(plan: Plan, contents: Contents, *, refusal: str = "") -> PlanPage:
    changing = [change for change in plan.changes if change.kind != "unchanged"]
    may_apply = bool(plan.pending) and not plan.refused
    counted = Counter(_shown_kind(change) for change in plan.changes)
    return PlanPage(
        lines=tuple(_line(change) for change in changing[:MOST_LINES]),
        more=max(0, len(changing) - MOST_LINES),
        counts=tuple((_kind(kind)[0], counted[kind]) for kind in _KINDS if counted[kind]),
        content=packed(contents) if may_apply else "",
        fingerprint=fingerprint(plan) if may_apply else "",
        may_apply=may_apply,
        refusal=refusal,
    )


_KINDS = ("create", "new_version", "meant", "unchanged", "breaking", "ended")


def _shown_kind(change: Change) -> str:
    return "meant" if change.kind == "new_version" and change.breaks else change.kind


def _kind(kind: str) -> tuple[str, str]:
    """In words, and by colour."""
    words: Mapping[str, tuple[str, str]] = {
        "create": (_("新增"), "good"),
        "new_version": (_("修改"), "active"),
        "meant": (_("不兼容修改（已注明）"), "warning"),
        "unchanged": (_("不变"), "plain"),
        "breaking": (_("不兼容，不能导入"), "error"),
        "ended": (_("已停用，不能导入"), "error"),
    }
    return words[kind]


def _line(change: Change) -> PlanLine:
    items = {
        "organization": (_("单位"), ""),
        "code_list": (_("代码表"), f"/code-lists/{change.identifier}"),
        "data_element": (_("数据元"), f"/data-elements/{change.identifier}"),
        "rule": (_("校验规则"), f"/rules/{change.identifier}"),
    }
    item, href = items[change.item]
    kind, tone = _kind(_shown_kind(change))
    return PlanLine(
        item=item,
        identifier=change.identifier,
        href="" if change.kind == "create" else href,
        kind=kind,
        tone=tone,
        version=change.version,
        said="；".join([_field_names(change.differences), *(found.message for found in change.breaks)]).strip("；"),
        place=change.place,
    )


def _field_names(names: Sequence[str]) -> str:
    return "、".join(field_word(name) for name in names)


def field_word(name: str) -> str:
    """What a part of a definition is called; a part that has no word is named as the files name it."""
    words = {
        "name_zh": _("中文名称"),
        "name_en": _("英文名称"),
        "aliases": _("别名"),
        "definition": _("定义（口径）"),
        "object_class": _("对象"),
        "property_name": _("特性"),
        "facets": _("口径要素"),
        "domain": _("值域"),
        "code_list_version": _("代码表的版本"),
        "period_type": _("周期"),
        "source": _("来源"),
        "expression": _("计算公式"),
        "is_required": _("乡镇必须填写"),
        "applies_when": _("适用条件"),
        "topic": _("所在节"),
        "position": _("在表上的次序"),
        "legal_basis": _("法律依据"),
        "steward": _("管理单位"),
        "source_organization": _("数源部门"),
        "sharing_type": _("共享类型"),
        "sharing_conditions": _("共享条件"),
        "sensitivity": _("敏感程度"),
        "example": _("示例"),
        "valid_from": _("生效日期"),
        "valid_until": _("失效日期"),
        "values": _("代码和含义"),
        "name": _("名称"),
        "severity": _("严重程度"),
        "message_zh": _("提示"),
        "message_en": _("英文提示"),
    }
    return words.get(name, name)
