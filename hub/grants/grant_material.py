"""What one grant's page needs, from the services that know it."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.geography import service as geography
from hub.grants import asking
from hub.grants.clocks import AnswerClock, answer_clock
from hub.grants.grant_page import ElementLine, GrantMaterial
from hub.grants.models import AccessGrant
from hub.identity import organizations
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.shown import day
from hub.registry import service as registry
from hub.registry.models import DataElementVersion
from hub.registry.words import element_label, word

SHARING_TONES: Mapping[str, str] = {"unconditional": "good", "conditional": "active", "not_shared": "error"}


async def find_material(
    session: AsyncSession, grant: AccessGrant, chosen: Collection[str] | None = None
) -> GrantMaterial:
    """`chosen`: the elements that are ticked; None: all."""
    versions = await registry.list_current_of(session, grant.elements)
    divisions = await geography.get_divisions(session, grant.divisions)
    held = await asking.list_held(session, grant.organization)
    return GrantMaterial(
        grant=grant,
        organizations=await organization_names(session),
        elements=tuple(
            _element_line(one, _others(grant, held.get(one.identifier, ())), chosen)
            for one in sorted(versions, key=lambda one: (one.object_class, one.period_type, one.position))
        ),
        divisions={code: division.name for code, division in divisions.items()},
        clock=await _clock(session, grant, versions),
        today=clock.today(),
    )


async def organization_names(session: AsyncSession) -> dict[str, str]:
    return {one.code: one.name for one in await organizations.list_organizations(session)}


def _others(grant: AccessGrant, held: Sequence[AccessGrant]) -> str:
    """What else the department may read of an element, so that nobody agrees to the same thing twice."""
    told = [
        _("{number}（至{day}）").format(number=other.number, day=day(other.valid_until))
        for other in held
        if other.number != grant.number
    ]
    return "、".join(told)


def _element_line(version: DataElementVersion, granted: str, chosen: Collection[str] | None) -> ElementLine:
    return ElementLine(
        identifier=version.identifier,
        label=element_label(version),
        about=f"{word('object_class', version.object_class)} · {word('period_type', version.period_type)}",
        sharing=word("sharing_type", version.sharing_type),
        sharing_tone=SHARING_TONES.get(version.sharing_type, "plain"),
        conditions=version.sharing_conditions or "",
        sensitivity=word("sensitivity", version.sensitivity),
        granted=granted,
        is_chosen=chosen is None or version.identifier in chosen,
    )


async def _clock(
    session: AsyncSession, grant: AccessGrant, versions: Sequence[DataElementVersion]
) -> AnswerClock | None:
    if grant.state != "requested":
        return None
    sharing_types = {version.sharing_type for version in versions}
    return answer_clock(grant.requested_at, sharing_types, await calendar.work_calendar(session), clock.today())
