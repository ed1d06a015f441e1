"""The states of a grant and the decisions on it as people say them."""

from collections.abc import Mapping
from types import MappingProxyType

from hub.kit.i18n import gettext as _

TONES: Mapping[str, str] = MappingProxyType(
    {"requested": "active", "active": "good", "refused": "error", "suspended": "warning", "revoked": "error"}
)


def state_words(state: str) -> str:
    return {
        "requested": _("待审核"),
        "active": _("有效"),
        "refused": _("未同意"),
        "suspended": _("已暂停"),
        "revoked": _("已撤销"),
        "expired": _("已到期"),
    }.get(state, state)


def decision_words(decision: str) -> str:
    return {
        "approval": _("同意"),
        "refusal": _("不同意"),
        "suspension": _("暂停"),
        "revocation": _("撤销"),
    }.get(decision, decision)
