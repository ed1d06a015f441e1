"""What the buttons of the village's page do. Whatever happens, what was typed comes back as it was typed."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.delegations import filling
from hub.delegations.links import address_of
from hub.delegations.village_form import PostedVillage, read_posted
from hub.delegations.village_page import EndedPage, Unsaved, ended_page, village_page
from hub.forms import service as forms
from hub.identity.dependencies import caller_address
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS
from hub.kit.views import render, see_other


async def show_form(request: Request, session: AsyncSession, township: str, token: str, *, asks: bool) -> Response:
    address = caller_address(request)
    link = await filling.find_link(session, township, token, address)
    form = await filling.read_form(session, link) if isinstance(link, filling.Link) else None
    if not isinstance(link, filling.Link) or form is None:
        return show_end(request, EndedPage())
    await filling.note_opening(session, link, address)
    page = village_page(form, address_of(township, token), asks=asks)
    return render(request, "village_form.html", page)


async def answer_form(request: Request, session: AsyncSession, township: str, token: str) -> Response:
    """Save, and hand back when that was pressed. Then the page anew: loaded again it saves nothing again."""
    link = await filling.find_link(session, township, token, caller_address(request))
    if link is None:
        return show_end(request, EndedPage())
    content = await forms.get_form(session, link.collection.form, link.collection.form_version)
    asked = [field.identifier for field in content.captured]
    request.state.form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)  # should this fail, the page gives it back
    posted = read_posted(request.state.form, link.delegation.division, asked)
    if isinstance(link, filling.EndedLink):
        return show_end(request, ended_page(content, posted))
    refused = await filling.save(session, link, posted)
    form = None if refused is None else await filling.read_form(session, link)
    if refused is None or form is None:
        return show_end(request, ended_page(content, posted))
    address = address_of(township, token)
    if refused:
        page = village_page(form, address, unsaved=Unsaved(posted.texts, refused))
        return render(request, "village_form.html", page, status=422)
    return await _go_on(session, form, posted, address)


async def _go_on(session: AsyncSession, form: filling.VillageForm, posted: PostedVillage, address: str) -> Response:
    if posted.is_to_hand_back and form.errors and not posted.is_sure:
        return see_other(f"{address}?ask=yes")
    if posted.is_to_hand_back:
        await filling.hand_back(session, form)
        return see_other(address, notice=_("已交回乡镇。发现有错还可以改，改好再交回一次。"))
    return see_other(address, notice=_("已保存。还没有交回，填好后请按“交回”。"))


def show_end(request: Request, page: EndedPage) -> Response:
    return render(request, "village_ended.html", page, status=404)
