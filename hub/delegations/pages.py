"""The township's pages: make a link for a village, see how far each is, decide where two say different things."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.capture.cells import CellText
from hub.capture.desk import DraftView
from hub.capture.endpoints import CanWriteDrafts
from hub.capture.notices import CellNotice, SheetNotice
from hub.delegations import service
from hub.delegations.errors import CellDecided, DelegationRefused, NothingToDelegate
from hub.delegations.service import SeenCell
from hub.delegations.stand_page import claim_words, dispute_words, made_link_page, stand_page
from hub.delegations.village_cells import disputes, row_of
from hub.forms import service as forms
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed, texts
from hub.kit.views import Sent, render, see_other

router = HubRouter(tags=["delegations"])

PATH = "/collections/{collection_id}/delegations"


@router.get(PATH)
async def read_delegations(
    request: Request, session: Transaction, subject: CanWriteDrafts, collection_id: UUID
) -> Response:
    return await _show(request, session, subject, collection_id, Sent())


async def _show(
    request: Request, session: AsyncSession, subject: Subject, collection_id: UUID, sent: Sent, *, status: int = 200
) -> Response:
    stand = await service.read_stand(session, subject, collection_id)
    return render(request, "delegations.html", stand_page(stand, sent), status=status)


@router.post(PATH)
async def make_delegation(
    request: Request, session: Transaction, subject: CanWriteDrafts, collection_id: UUID
) -> Response:
    """The answer is the link itself and no redirect: the hub could not show it a second time."""
    typed = texts(await request.form())
    try:
        made = await service.make_link(
            session, subject, collection_id, division=typed.get("division", ""), label=typed.get("label", "")
        )
    except (DelegationRefused, NothingToDelegate) as refusal:
        sent = Sent.refused(typed, refusal)
        return await _show(request, session, subject, collection_id, sent, status=refusal.status)
    collection = made.task.collection
    form = await forms.get_form(session, collection.form, collection.form_version)
    return render(request, "delegation_made.html", made_link_page(made, form.name, str(request.base_url)))


@router.post(PATH + "/{division}/revocation")
async def revoke_delegation(
    session: Transaction, subject: CanWriteDrafts, collection_id: UUID, division: str
) -> Response:
    await service.revoke_link(session, subject, collection_id, division)
    return see_other(PATH.format(collection_id=collection_id), notice=_("链接已作废，打不开了。"))


@router.post(PATH + "/{division}/settlement")
async def settle_dispute(
    request: Request, session: Transaction, subject: CanWriteDrafts, collection_id: UUID, division: str
) -> Response:
    form = await request.form()
    takes = as_typed(form).get("choice") == "village"
    path = PATH.format(collection_id=collection_id)
    try:
        await service.settle(session, subject, collection_id, _seen(form, division), takes_villages=takes)
    except CellDecided as refusal:
        return see_other(path, refusal=refusal.detail)
    return see_other(path, notice=_("已采用村里填的数。") if takes else _("已保留表里的数。"))


def _seen(form: FormData, division: str) -> SeenCell:
    sent = as_typed(form)
    return SeenCell(
        division=division,
        element=sent.get("element", ""),
        held=CellText(sent.get("held", ""), sent.get("held_missing", "")),
        proposed=CellText(sent.get("proposed", ""), sent.get("proposed_missing", "")),
    )


async def sheet_notices(session: AsyncSession, subject: Subject, view: DraftView) -> Sequence[SheetNotice]:
    """Over the township's form: the way to the villages' links, and each cell of which two say different things."""
    collection = view.task.collection
    href = PATH.format(collection_id=collection.id)
    held = await service.list_links(session, subject, collection)
    if not held and not service.may_make(collection):
        return []
    back = sum(one.handed_back_at is not None for one in held)
    words = (
        _("已发 {sent} 个村，交回 {back} 个。").format(sent=len(held), back=back)
        if held
        else _("用链接或二维码把一个村交给村里人填，不用账号。")
    )
    notices = [SheetNotice(href, _("请村里填报"), words)]
    for delegation in held:
        row = row_of(view, delegation.division)
        found = {} if row is None else disputes(delegation.contested, row)
        if row is not None:
            notices += [
                SheetNotice(
                    href + "#disputes",
                    _("去核定"),
                    dispute_words(view.form, row, element, one.proposed),
                    is_pressing=True,
                    cell=CellNotice(row.division, element, one.proposed, claim_words(view.form, element, one.proposed)),
                )
                for element, one in found.items()
            ]
    return notices
