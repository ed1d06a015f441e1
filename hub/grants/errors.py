from collections.abc import Sequence

from hub.calendar.periods import Period
from hub.kit.errors import Conflict, ErrorItem, Forbidden, NotFound, Unprocessable
from hub.kit.i18n import gettext as _
from hub.store.scope import Outside, ReadScope


class GrantNotFound(NotFound):
    code = "access_grant_not_found"


class GrantRequestInvalid(Unprocessable):
    """Told at once, everything that is missing: the request may not be refused for it (Order 809, art. 21)."""

    code = "access_grant_not_valid"


class ApprovalInvalid(Unprocessable):
    """A steward may agree to less than was asked, never to more."""

    code = "approval_not_valid"


class OwnRequest(Forbidden):
    """Nobody answers what their own organisation asks."""

    code = "own_request"


class NotTheSteward(Forbidden):
    code = "not_the_steward"


class GrantStateConflict(Conflict):
    code = "access_grant_state"


class NotGranted(Forbidden):
    """Each thing outside the grants is named, with how to ask for it. Deny by default."""

    code = "not_granted"


HOW_TO_ASK = "POST /api/v1/access-grants"


def not_granted(found: Sequence[Outside]) -> NotGranted:
    """One item for each element, period and division that lies outside."""
    items = dict.fromkeys(_item(outside) for outside in found)
    return NotGranted(
        _("请求中有 {count} 处不在授权范围内。请按每项说明申请：{how}。").format(count=len(items), how=HOW_TO_ASK),
        errors=list(items),
    )


def nothing_granted(scope: ReadScope) -> NotGranted:
    """No grant opens anything: say which ones did and why they no longer do."""
    reasons = [
        Outside(shut.reason, element, grant=shut.box.grant)
        for shut in scope.closed
        for element in shut.box.elements or ()
    ]
    if reasons:
        return not_granted(reasons)
    message = _("本单位没有生效的授权，请先申请：{how}。").format(how=HOW_TO_ASK)
    return NotGranted(message, errors=[ErrorItem("query:/elements", "element_not_granted", message)])


def no_period_type_granted(period: Period) -> NotGranted:
    message = _("授权中没有以“{type}”为报告期类型的数据元，请先申请：{how}。").format(type=period.type, how=HOW_TO_ASK)
    return NotGranted(message, errors=[ErrorItem("query:/period", "period_not_granted", message)])


def _item(outside: Outside) -> ErrorItem:
    pointer = {"period_not_granted": "query:/period", "division_not_granted": "query:/division"}.get(
        outside.code, "query:/elements"
    )
    return ErrorItem(pointer, outside.code, _sentence(outside))


def _sentence(outside: Outside) -> str:
    sentences = {
        "element_not_granted": _("数据元 {element} 没有授权，请在申请的 elements 中写明。"),
        "element_version_not_granted": _("数据元 {element} 的口径已有重大变更，原授权不包括新版本，请重新申请。"),
        "period_not_granted": _("数据元 {element} 的报告期 {period} 不在授权内，请在申请的 periods 中写明。"),
        "division_not_granted": _("数据元 {element} 在区划 {division} 不在授权内，请在申请的 divisions 中写明。"),
        "grant_expired": _("数据元 {element} 的授权 {grant} 已到期，请重新申请。"),
        "grant_suspended": _("数据元 {element} 的授权 {grant} 已暂停，请联系数据管理单位。"),
        "grant_revoked": _("数据元 {element} 的授权 {grant} 已撤销，请联系数据管理单位。"),
        "grant_not_in_token": _("数据元 {element} 属于授权 {grant}，不在本令牌的用途内，请用该授权申请令牌。"),
        "provisional_not_granted": _(
            "授权 {grant} 不包括数据元 {element} 的未审核数据，请在申请中写明 includes_provisional。"
        ),
        "element_not_shared": _("数据元 {element} 现为不予共享，只有数源部门可以读取。"),
    }
    return sentences[outside.code].format(
        element=outside.element, period=outside.period, division=outside.division, grant=outside.grant
    )
