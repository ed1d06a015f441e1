"""One data element as its page shows it. The dataclasses are all that the template sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice
from hub.oversight.access import Access
from hub.oversight.service import Use
from hub.registry.element_facts import facet_facts, facts
from hub.registry.models import DataElementVersion, RegistrationStatusChange
from hub.registry.schemas import DataElementRead, RegistrationStatusChangeRead
from hub.registry.statuses import ENDED, RegistrationStatus, can_move
from hub.registry.words import element_label, tone, word


@dataclass(frozen=True)
class VersionLine:
    version: int
    status: str
    tone: str
    valid_from: date
    valid_until: date | None
    definition: str
    is_breaking: bool


@dataclass(frozen=True)
class UseLine:
    kind: str
    label: str
    href: str
    organization: str
    purpose: str
    last_at: datetime | None


@dataclass(frozen=True)
class ChangeLine:
    at: datetime
    by: str
    version: int
    old: str
    new: str
    note: str


@dataclass(frozen=True)
class ElementPage:
    """`facts`: label and text, in the order they are read. `moves`: the statuses this person may set next.

    `shown` is the version that is described, `newest` the one that a move concerns. `readers`: who may see the values.
    """

    identifier: str
    name: str
    status: str
    tone: str
    definition: str
    facts: tuple[tuple[str, str], ...]
    facets: tuple[tuple[str, str], ...]
    permissible: tuple[Choice, ...]
    code_list: str
    readers: tuple[str, ...]
    access: tuple[Access, ...]
    may_register: bool
    newest: int
    shown: int
    versions: tuple[VersionLine, ...]
    uses: tuple[UseLine, ...]
    changes: tuple[ChangeLine, ...]
    moves: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class ElementMaterial:
    """What the services said of one element."""

    current: DataElementRead
    versions: Sequence[DataElementVersion]
    changes: Sequence[RegistrationStatusChange]
    uses: Sequence[Use]
    access: Sequence[Access]
    organizations: Mapping[str, str]


def element_page(
    subject: Subject, material: ElementMaterial, typed: Mapping[str, str], faults: Sequence[str]
) -> ElementPage:
    current, newest = material.current, material.versions[-1]
    domain = current.value_domain
    told = facts(current, material.organizations)
    return ElementPage(
        identifier=current.identifier,
        name=element_label(next(one for one in material.versions if one.version == current.version)),
        status=word("status", current.registration_status),
        tone=tone(current.registration_status),
        definition=current.definition or _("没有登记口径。"),
        facts=tuple((label, text) for label, text in (_identified(current), *told) if text),
        facets=tuple(facet_facts(current)),
        code_list=domain.code_list or "",
        readers=_readers(material),
        access=tuple(material.access),
        may_register=subject.may(Permission.DATA_ELEMENT_REGISTER) and newest.registration_status not in ENDED,
        newest=newest.version,
        shown=current.version,
        permissible=tuple(Choice(item.value, item.meaning) for item in domain.permissible_values or ()),
        versions=tuple(_version_line(one) for one in reversed(material.versions)),
        uses=tuple(_use_line(use, material.organizations) for use in material.uses),
        changes=tuple(_change_line(RegistrationStatusChangeRead.of(one)) for one in reversed(material.changes)),
        moves=_moves(subject, newest),
        typed=typed,
        faults=tuple(faults),
    )


def _readers(material: ElementMaterial) -> tuple[str, ...]:
    """Who may see the values, in sentences: the sharing type says what may be asked, the grants who was given."""
    current = material.current
    sentences = [
        _("定义和口径：登录的人都能看。"),
        _("填报的乡镇：看本乡镇的数。"),
    ]
    owner = material.organizations.get(current.source_organization or "", "")
    match current.sharing_type:
        case "not_shared":
            sentences.append(_("不予共享：除数源部门{owner}外，不授权其他部门读取。").format(owner=owner))
        case "conditional":
            sentences.append(_("有条件共享：其他部门须申请，由管理单位同意后读取。"))
        case _:
            sentences.append(_("无条件共享：其他部门申请后即可读取。"))
    granted = [use for use in material.uses if use.kind == "grant"]
    named = dict.fromkeys(material.organizations.get(use.organization or "", use.organization or "") for use in granted)
    sentences.append(
        _("现已授权：{names}。").format(names="、".join(named)) if named else _("现在没有授权给其他部门。")
    )
    return tuple(sentences)


def _identified(current: DataElementRead) -> tuple[str, str]:
    return _("标识符"), f"{current.identifier} · {_('第{version}版').format(version=current.version)}"


def _version_line(version: DataElementVersion) -> VersionLine:
    return VersionLine(
        version=version.version,
        status=word("status", version.registration_status),
        tone=tone(version.registration_status),
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        definition=version.definition or "",
        is_breaking=version.is_breaking,
    )


def _use_line(use: Use, organizations: Mapping[str, str]) -> UseLine:
    kinds = {
        "form": (_("表"), f"/forms/{use.id}"),
        "derived_element": (_("计算"), f"/data-elements/{use.id}"),
        "rule": (_("校验规则"), f"/rules/{use.id}"),
        "grant": (_("授权"), f"/access-grants/{use.id}"),
        "program": (_("部门程序"), ""),
    }
    kind, href = kinds.get(use.kind, (use.kind, ""))
    label = use.id if use.version is None else _("{name}（第{version}版）").format(name=use.id, version=use.version)
    organization = organizations.get(use.organization or "", use.organization or "")
    return UseLine(kind, label, href, organization, use.purpose or "", use.last_at)


def _change_line(change: RegistrationStatusChangeRead) -> ChangeLine:
    return ChangeLine(
        at=change.changed_at,
        by=change.changed_by,
        version=change.version,
        old=word("status", change.old_status) if change.old_status else "—",
        new=word("status", change.new_status),
        note=change.note or "",
    )


def _moves(subject: Subject, newest: DataElementVersion) -> tuple[Choice, ...]:
    """What may be chosen. Whether this person may approve it is the service's answer, told in its own words."""
    is_registrar = subject.may(Permission.DATA_ELEMENT_REGISTER)
    if not subject.may(Permission.DATA_ELEMENT_DECIDE):
        return ()
    if not is_registrar and newest.steward != subject.organization.code:
        return ()
    old = RegistrationStatus(newest.registration_status)
    ends = sorted(ENDED, key=list(RegistrationStatus).index)
    forward = [status for status in RegistrationStatus if status not in ENDED]
    return tuple(Choice(one.value, word("status", one.value)) for one in [*forward, *ends] if can_move(old, one))
