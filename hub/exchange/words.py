"""Why there is no value, as people say it."""

from hub.kit.i18n import gettext as _


def missing_word(reason: str) -> str:
    return {
        "none": _("无"),
        "not_applicable": _("不适用"),
        "not_yet_known": _("尚不掌握"),
        "refused": _("拒绝提供"),
    }.get(reason, reason)
