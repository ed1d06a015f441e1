"""The pages' routers, the menu, and what a browser sees when something fails."""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.responses import FileResponse
from starlette.routing import Match

from hub.capture import cells_pages as cells
from hub.capture import pages as capture
from hub.capture import preview_pages as preview
from hub.capture import print_pages as printing
from hub.capture import reminder_pages as reminders
from hub.capture import workflow_pages as workflow
from hub.capture.reminding import count_escalated
from hub.capture.standing import count_waiting
from hub.capture.todo_pages import tasks_page
from hub.catalogue import pages as catalogue
from hub.delegations import pages as delegations
from hub.delegations import village_pages as villages
from hub.delegations.links import ADDRESS
from hub.exchange import own_pages, value_pages
from hub.forms import compare_pages as form_versions
from hub.forms import pages as forms
from hub.forms import service as form_service
from hub.grants import decision_pages as grant_decisions
from hub.grants import pages as grants
from hub.grants import request_pages as grant_requests
from hub.grants import service as grant_service
from hub.identity import account_pages as account
from hub.identity import openid_pages as openid
from hub.identity import organization_pages as organizations
from hub.identity import pages as identity
from hub.identity import people_pages as people
from hub.identity import reentry
from hub.identity.dependencies import check_origin, requires
from hub.identity.errors import CsrfRefused, PasswordChangeRequired, SecondFactorRequired
from hub.identity.pages import ResumePage, Resumption, SignInPage
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.imports import pages as imports
from hub.kit.assets import STATIC_FOLDER
from hub.kit.errors import ErrorItem, HubError, MethodNotAllowed
from hub.kit.i18n import gettext as _
from hub.kit.middleware import request_id
from hub.kit.routing import MAXIMUM_FORM_FIELDS, ExactRequest, HubRouter, public
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.views import MenuEntry, NavigationItem, came_from, menu_of, render, see_other
from hub.oversight import audit_pages as audit_events
from hub.oversight import client_pages as clients
from hub.oversight import job_pages as jobs
from hub.oversight import pages as oversight
from hub.oversight import traffic_pages as traffic
from hub.receipts import pages as receipts
from hub.registry import desk as registry
from hub.registry.waiting import list_waiting
from hub.remarks import pages as remarks
from hub.workbooks import pages as workbooks

router = HubRouter(tags=["site"])

# Registry before oversight: both begin with /data-elements, and the list has no identifier in it.
routers: tuple[HubRouter, ...] = (
    router,
    identity.router,
    account.router,
    reentry.router,
    openid.router,
    people.router,
    organizations.router,
    reminders.router,
    workflow.router,
    capture.router,
    cells.router,
    workbooks.router,
    receipts.router,
    printing.router,
    *registry.routers,
    forms.router,
    form_versions.router,
    preview.router,
    catalogue.router,
    grant_requests.router,
    value_pages.router,
    own_pages.router,
    grants.router,
    grant_decisions.router,
    imports.router,
    remarks.router,
    delegations.router,
    villages.router,
    oversight.router,
    clients.router,
    audit_events.router,
    traffic.router,
    jobs.router,
)

_TOWNSHIPS = frozenset({"township"})
_OTHERS = frozenset({"authority", "department", "inspectorate"})
_P = Permission

# In the order of the menu; the start page says the same in more words.
NAVIGATION: tuple[NavigationItem, ...] = (
    NavigationItem(
        "/", lambda: _("我的填报任务"), _P.COLLECTION_READ, _TOWNSHIPS, beside=("/collections", "/submissions")
    ),
    NavigationItem(
        "/collections",
        lambda: _("填报任务"),
        _P.COLLECTION_READ,
        _OTHERS,
        lambda: _("各乡镇报到哪里了；开放新一期填报。"),
        ("/submissions",),
    ),
    NavigationItem(
        "/data-elements",
        lambda: _("数据元"),
        _P.DATA_ELEMENT_READ,
        None,
        lambda: _("每个指标的口径、版本、登记状态和使用者。"),
        ("/code-lists", "/rules", "/registry"),
    ),
    NavigationItem(
        "/forms", lambda: _("表单"), _P.FORM_READ, None, lambda: _("由合格的数据元自动组成的表，发布后用于填报。")
    ),
    NavigationItem(
        "/imports", lambda: _("批量导入"), _P.IMPORT_RUN, None, lambda: _("上传全县的文件，先试算，再写入。")
    ),
    NavigationItem(
        "/catalogue",
        lambda: _("数据目录"),
        _P.DATA_ELEMENT_READ,
        None,
        lambda: _("县里有哪些数据、有多新、归谁管、怎样取得。"),
    ),
    NavigationItem(
        "/access-grants",
        lambda: _("数据授权"),
        _P.ACCESS_GRANT_READ,
        None,
        lambda: _("申请使用数据，办理其他部门的申请。"),
    ),
    NavigationItem(
        "/flags",
        lambda: _("核实清单"),
        _P.REMARK_READ,
        frozenset({"township", "authority"}),
        lambda: _("标记了待核实、还没有消除的数。"),
    ),
    NavigationItem("/my-figures", lambda: _("我的数据"), _P.DATA_VALUE_READ, _TOWNSHIPS),
    NavigationItem("/usage", lambda: _("使用情况"), _P.USAGE_READ, None, lambda: _("哪些部门为了什么读取了哪些数据。")),
    NavigationItem(
        "/people", lambda: _("人员"), _P.IDENTITY_MANAGE, None, lambda: _("新建、停用人员，分配角色，重置密码。")
    ),
    NavigationItem(
        "/organizations", lambda: _("单位"), _P.IDENTITY_MANAGE, None, lambda: _("部门和乡镇，以及各部门的联系人。")
    ),
    NavigationItem(
        "/api-clients",
        lambda: _("接口客户端"),
        _P.IDENTITY_MANAGE,
        None,
        lambda: _("各部门的程序：密钥、地址名单、调用量。"),
    ),
    NavigationItem("/jobs", lambda: _("后台任务"), _P.IMPORT_RUN, None, lambda: _("在运行、排队和失败的后台工作。")),
    NavigationItem(
        "/traffic", lambda: _("调用统计"), _P.AUDIT_EVENT_READ, None, lambda: _("谁在什么时候调用了多少次。")
    ),
    NavigationItem(
        "/audit-events",
        lambda: _("审计日志"),
        _P.AUDIT_EVENT_READ,
        None,
        lambda: _("谁在什么时候做了什么；日志是否完整。"),
    ),
)


# What stands over a township's form beside what `capture` says itself.
SHEET_NOTICING = (delegations.sheet_notices,)

COUNTED = 1000
WORKER = STATIC_FOLDER / "built" / "worker.js"
PROGRAMS = ("/api/", "/oauth/", "/static/", "/healthz", "/readyz", "/metrics")
_URLENCODED = "application/x-www-form-urlencoded"
# Too many asked, or we failed (RFC 9110 §15.6, RFC 6585): the same again may succeed a moment later.
WORTH_ANOTHER_TRY = frozenset({429, 500, 503, 507})
LINKS = ADDRESS.partition("{")[0]


@dataclass(frozen=True)
class StartPage:
    """Where to go from here: what waits for this person, then the menu's entries, each with a sentence."""

    waiting: tuple[Choice, ...]
    entries: tuple[MenuEntry, ...]


@router.get("/worker.js")
@public
async def read_worker() -> Response:
    """A browser lets a service worker look after the folder that it lies in and no other, so it lies at the top."""
    return FileResponse(WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/")
async def read_start(
    request: Request, session: Transaction, subject: Annotated[Subject, Depends(requires(_P.DATA_ELEMENT_READ))]
) -> Response:
    """A township's tasks; for everybody else, the ways on."""
    if subject.organization.kind == "township" and subject.may(_P.COLLECTION_READ):
        return await tasks_page(request, session, subject)
    return render(request, "start.html", StartPage(tuple(await _waiting(session, subject)), menu_of(request)))


async def _waiting(session: AsyncSession, subject: Subject) -> list[Choice]:
    """Addresses of what this person can bring on, each with a sentence; nothing that waits for somebody else."""
    found = []
    if subject.may(_P.ACCESS_GRANT_DECIDE):
        asked = await grant_service.list_grants(session, subject, states=("requested",), after=None, limit=COUNTED)
        own = sum(grant.steward == subject.organization.code for grant in asked)
        found.append((own, "/access-grants?state=requested", _("{count} 份数据授权申请等本单位办理")))
    if subject.may(_P.SUBMISSION_REVIEW):
        count = await count_waiting(session, subject)
        found.append((count, "/collections?state=in_review", _("{count} 份提交等待审核")))
    if subject.may(_P.COLLECTION_REMIND):
        found.append((await count_escalated(session), "/collections/standing", _("{count} 项任务逾期未交，已升级提醒")))
    if subject.may(_P.DATA_ELEMENT_DECIDE):
        waits = await list_waiting(session, subject)
        count = len(waits.elements_for_me) + len(waits.rules_for_me)
        found.append((count, "/data-elements/waiting", _("登记册有 {count} 项等我核准")))
    if subject.may(_P.FORM_PUBLISH):
        changed = sum(overview.is_changed for overview in await form_service.list_forms(session))
        found.append((changed, "/forms", _("{count} 张表有未发布的变化")))
    return [Choice(href, sentence.format(count=count)) for count, href, sentence in found if count]


@dataclass(frozen=True)
class ErrorPage:
    """One sentence of what happened and what to do; `errors` when the content had several faults.

    `way`: the page on which to mend it, where there is one. `back`: the page of ours that led here, or the
    start page. `reference`: by which the log names the request. `again`: what was typed, to be sent once more.
    """

    status: int
    code: str
    detail: str
    errors: tuple[ErrorItem, ...]
    back: str
    reference: str
    way: Choice | None = None
    again: Resumption | None = None
    csrf_token: str = ""


def is_for_browser(request: Request) -> bool:
    """True for a person looking at pages; programs get problem documents."""
    return not request.url.path.startswith(PROGRAMS) and "text/html" in request.headers.get("accept", "")


async def answer_failure(request: Request, error: HubError) -> Response:
    """A page that says what to do. Nothing typed is lost because a session ended meanwhile."""
    if isinstance(error, PasswordChangeRequired):
        return see_other("/account/password")
    if error.status == 401:  # noqa: PLR2004 - RFC 9110
        return await _ask_to_sign_in(request, error)
    if isinstance(error, MethodNotAllowed) and request.method == "GET":
        return see_other(_page_above(request))
    form = getattr(request.state, "form", None)
    subject = getattr(request.state, "subject", None)
    if isinstance(error, CsrfRefused) and isinstance(form, FormData) and subject is not None:
        page = ResumePage(Resumption.of(request.url.path, form), subject.csrf_token or "")
        return render(request, "resume.html", page, status=error.status)
    shown = ErrorPage(
        error.status, error.code, error.detail, error.errors, came_from(request), request_id.get(), _way(error)
    )
    if error.status in WORTH_ANOTHER_TRY:
        shown = await _with_what_was_typed(request, shown)
    response = render(request, "error.html", shown, status=error.status)
    response.headers.update(error.headers)
    return response


async def _with_what_was_typed(request: Request, page: ErrorPage) -> ErrorPage:
    """Neither the person nor what was typed is at fault: nobody types it twice."""
    form = await _typed(request)
    if not form:
        return page
    token = form.get("csrf_token")
    again = Resumption.of(request.url.path, form)
    return replace(page, again=again, csrf_token=token if isinstance(token, str) else "")


def _page_above(request: Request) -> str:
    """A button posts below the address of its page; asked for by itself, that address means the page."""
    path = request.url.path
    while path := path.rpartition("/")[0]:
        scope = {**request.scope, "path": path}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return path
    return "/"


def _way(error: HubError) -> Choice | None:
    if isinstance(error, SecondFactorRequired):
        return Choice("/account/second-factor", _("现在绑定动态验证码"))
    return None


async def _ask_to_sign_in(request: Request, error: HubError) -> Response:
    path = request.url.path
    if request.method in {"GET", "HEAD"}:
        asked = f"{path}?{request.url.query}" if request.url.query else path
        return see_other("/sign-in" if asked == "/" else "/sign-in?" + urlencode({"next": asked}))
    form = await _typed(request)
    page = SignInPage("/", "", (error.detail,), Resumption.of(path, form) if form else None)
    return render(request, "sign_in.html", page, status=error.status)


def _is_ours(request: Request) -> bool:
    """The pages behind a link say nothing of where they are; their address is the proof."""
    if request.headers.get("origin") == "null":
        return request.url.path.startswith(LINKS)
    try:
        check_origin(request)
    except CsrfRefused:
        return False
    return True


async def _typed(request: Request) -> FormData | None:
    """What the refused form held. None when it cannot be read, and of what another site made the browser send:
    given back on a page of ours, it would be sent once more in our name.
    """
    if not request.headers.get("content-type", "").startswith(_URLENCODED) or not _is_ours(request):
        return None
    held: FormData | None = getattr(request.state, "form", None)
    if held is not None or getattr(request.state, "is_body_taken", False):
        return held
    exact = ExactRequest(request.scope, request.receive)
    try:
        await exact.body()
    except HubError:
        return None
    return await exact.form(max_fields=MAXIMUM_FORM_FIELDS)
