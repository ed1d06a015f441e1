"""States and steps of a task, and why a cell has no number, as people say them."""

from hub.capture.lifecycle import CollectionState
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice


def state_words(state: CollectionState) -> str:
    return {
        "open": _("填报中"),
        "submitted": _("已提交"),
        "closed": _("未到开放日或已关闭"),
        "awaiting_sign_off": _("待签发"),
        "in_review": _("待审核"),
        "returned": _("已退回"),
    }[state]


def action_words(action: str) -> str:
    return {
        "request_sign_off": _("送签"),
        "sign": _("签发并提交"),
        "refuse_sign_off": _("签发人退回"),
        "take_back": _("乡镇撤回"),
        "approve": _("审核通过"),
        "return": _("县级退回"),
        "revoke": _("撤回审核"),
    }.get(action, action)


def missing_choices() -> tuple[Choice, ...]:
    """Four different answers, none of them zero (CONTRACT "The township's form")."""
    return (
        Choice("none", _("无")),
        Choice("not_applicable", _("不适用")),
        Choice("not_yet_known", _("尚不掌握")),
        Choice("refused", _("拒绝提供")),
    )
