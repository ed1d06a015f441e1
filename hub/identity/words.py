"""Roles, permissions and kinds of organisations as people say them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hub.kit.i18n import gettext as _

_Words = Mapping[str, Callable[[], str]]

_ROLES: _Words = MappingProxyType(
    {
        "administrator": lambda: _("系统管理员"),
        "registrar": lambda: _("数据登记员"),
        "approver": lambda: _("审批人"),
        "steward": lambda: _("数据管理员"),
        "requester": lambda: _("数据申请人"),
        "reporter": lambda: _("填报人"),
        "leader": lambda: _("乡镇领导"),
        "inspector": lambda: _("督查员"),
    }
)
_ABOUT: _Words = MappingProxyType(
    {
        "administrator": lambda: _("管理人员、单位和接口客户端；看审计日志和后台任务；维护日历和区划；批量导入。"),
        "registrar": lambda: _("登记和核准数据元，发布表单，开放填报，批量导入。"),
        "approver": lambda: _("办理数据使用申请；看填报情况和使用情况。"),
        "steward": lambda: _("核准本部门的数据元，办理对本部门数据的使用申请。"),
        "requester": lambda: _("为本部门申请使用数据，读取获准的数据。"),
        "reporter": lambda: _("为本乡镇填报和提交。"),
        "leader": lambda: _("提交前审签本乡镇的数据；决定本乡镇是否要审签。"),
        "inspector": lambda: _("只看：填报情况、使用情况、审计日志。"),
    }
)
_KINDS: _Words = MappingProxyType(
    {
        "authority": lambda: _("数据主管部门"),
        "department": lambda: _("部门"),
        "township": lambda: _("乡镇"),
        "inspectorate": lambda: _("督查机构"),
    }
)


def _word(words: _Words, key: str) -> str:
    known = words.get(key)
    return known() if known is not None else key


def role_words(role: str) -> str:
    return _word(_ROLES, role)


def role_about(role: str) -> str:
    """What a role lets its holder do, in a sentence."""
    known = _ABOUT.get(role)
    return known() if known is not None else ""


def kind_words(kind: str) -> str:
    return _word(_KINDS, kind)
