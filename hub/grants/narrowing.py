"""A steward may agree to less than was asked: fewer elements, an earlier end. Never to more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.grants.errors import ApprovalInvalid
from hub.grants.models import AccessGrant
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _


@dataclass(frozen=True)
class ApprovalTerms:
    """What is agreed to; None: as it was asked."""

    elements: Sequence[str] | None = None
    valid_until: date | None = None
    includes_provisional: bool | None = None


def narrow(grant: AccessGrant, terms: ApprovalTerms, today: date) -> None:
    """Put the terms into the grant. Raises `ApprovalInvalid` with everything that goes beyond the request."""
    faults = [*_element_faults(grant, terms.elements), *_date_faults(grant, terms.valid_until, today)]
    if faults:
        raise ApprovalInvalid(_("同意的范围有 {count} 处错误。").format(count=len(faults)), errors=faults)
    if terms.elements is not None:
        grant.elements = sorted(set(terms.elements))
    grant.valid_until = terms.valid_until or grant.valid_until
    if terms.includes_provisional is False:
        grant.includes_provisional = False


def _element_faults(grant: AccessGrant, elements: Sequence[str] | None) -> list[ErrorItem]:
    if elements is None:
        return []
    if not elements:
        return [ErrorItem("/elements", "missing", _("至少同意一个数据元；都不同意请选“不同意”并写明理由。"))]
    message = _("申请中没有数据元“{identifier}”，不能多给。")
    return [
        ErrorItem(f"/elements/{index}", "element_not_asked", message.format(identifier=identifier[:80]))
        for index, identifier in enumerate(elements)
        if identifier not in grant.elements
    ]


def _date_faults(grant: AccessGrant, valid_until: date | None, today: date) -> list[ErrorItem]:
    if valid_until is None:
        return []
    if valid_until < today:
        return [ErrorItem("/valid_until", "date_in_the_past", _("使用时限不能早于今天。"))]
    if valid_until > grant.valid_until:
        return [ErrorItem("/valid_until", "date_beyond_request", _("使用时限不能晚于申请的日期。"))]
    return []
