"""The button that reminds townships, in a browser."""

from urllib.parse import urlencode

from fastapi import Request, Response

from hub.capture import reminding
from hub.capture.errors import NobodyToRemind, ReminderRefused
from hub.capture.reminder_endpoints import CanRemind
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.typed import texts
from hub.kit.views import local_path, see_other

router = HubRouter(tags=["capture"])


@router.post("/collections/reminders")
async def ask_for_submission(request: Request, session: Transaction, subject: CanRemind) -> Response:
    """Back to the page that the button stands on, with what was done."""
    typed = texts(await request.form())
    asked = {name: typed.get(name, "") for name in ("form", "period")}
    back = local_path(typed.get("next") or "/collections?" + urlencode({"period": asked["period"]}))
    try:
        townships = await reminding.ask_for_submission(session, subject, **asked, note=typed.get("note"))
    except (NobodyToRemind, ReminderRefused) as refusal:
        return see_other(back, refusal=refusal.detail)
    return see_other(back, notice=_("已提醒 {count} 个乡镇。").format(count=len(townships)))
