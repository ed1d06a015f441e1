"""One data element as its page shows it. The dataclasses are all that the template sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.views import Choice, cell
from hub.oversight.service import Use
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
    """`facts`: label and text, in the order they are read. `moves`: the statuses this person may set next."""

    identifier: str
    name: str
    status: str
    tone: str
    definition: str
    facts: tuple[tuple[str, str], ...]
    facets: tuple[tuple[str, str], ...]
    permissible: tuple[Choice, ...]
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
    organizations: Mapping[str, str]


def element_page(
    subject: Subject, material: ElementMaterial, typed: Mapping[str, str], faults: Sequence[str]
) -> ElementPage:
    current, newest = material.current, material.versions[-1]
    domain = current.value_domain
    return ElementPage(
        identifier=current.identifier,
        name=element_label(next(one for one in material.versions if one.version == current.version)),
        status=word("status", current.registration_status),
        tone=tone(current.registration_status),
        definition=current.definition or _("没有登记口径。"),
        facts=tuple((label, text) for label, text in _facts(material) if text),
        facets=tuple(
            (word("facet", name), "、".join(word("facet_value", one) for one in _each(value)))
            for name, value in current.facets.items()
        ),
        permissible=tuple(Choice(item.value, item.meaning) for item in domain.permissible_values or ()),
        versions=tuple(_version_line(one) for one in reversed(material.versions)),
        uses=tuple(_use_line(use, material.organizations) for use in material.uses),
        changes=tuple(_change_line(RegistrationStatusChangeRead.of(one)) for one in reversed(material.changes)),
        moves=_moves(subject, newest),
        typed=typed,
        faults=tuple(faults),
    )


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _facts(material: ElementMaterial) -> list[tuple[str, str]]:
    current = material.current
    named = material.organizations
    contact = current.contact
    owner = named.get(current.source_organization or "", current.source_organization or "")
    people = "" if contact is None else " ".join(part for part in (contact.name, contact.phone) if part)
    return [
        (_("标识符"), f"{current.identifier} · {_('第{version}版').format(version=current.version)}"),
        (_("英文名称"), current.names.en or ""),
        (_("别名"), "、".join(current.aliases)),
        (_("对象"), word("object_class", current.object_class)),
        (_("周期"), word("period_type", current.period_type)),
        (_("所在节"), current.topic),
        (_("值域"), _domain(current)),
        (_("来源"), word("source", current.source) + (f"：{current.expression}" if current.expression else "")),
        (_("数源部门"), f"{owner} {people}".strip()),
        (_("数源依据"), current.source_decision or ""),
        (_("管理单位"), named.get(current.steward or "", current.steward or "")),
        (_("法律依据"), current.legal_basis or ""),
        (_("采集性质"), word("collection_basis", current.collection_basis)),
        (_("共享类型"), word("sharing_type", current.sharing_type)),
        (_("共享条件"), current.sharing_conditions or ""),
        (_("敏感程度"), word("sensitivity", current.sensitivity)),
        (_("示例"), current.example or ""),
        (_("被取代为"), current.superseded_by or ""),
    ]


def _domain(current: DataElementRead) -> str:
    domain = current.value_domain
    parts = [word("datatype", domain.datatype)]
    if domain.unit:
        parts.append(_("单位 {unit}").format(unit=domain.unit))
    if domain.minimum is not None:
        parts.append(_("不小于 {bound}").format(bound=cell(domain.minimum)))
    if domain.maximum is not None:
        parts.append(_("不大于 {bound}").format(bound=cell(domain.maximum)))
    if domain.decimals is not None:
        parts.append(_("小数 {count} 位").format(count=domain.decimals))
    if domain.maximum_length is not None:
        parts.append(_("最多 {count} 个字").format(count=domain.maximum_length))
    if domain.code_list:
        parts.append(_("代码表 {name}").format(name=domain.code_list))
    if current.required:
        parts.append(_("必填"))
    return _("，").join(parts)


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
        "rule": (_("校验规则"), ""),
        "grant": (_("授权"), ""),
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
