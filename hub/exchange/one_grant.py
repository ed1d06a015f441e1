"""Reading under one grant, as a person who holds it does in a browser: the same door as a program with its token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.exchange import service
from hub.exchange.media import MediaType
from hub.exchange.questions import ValueQuestion, read_question
from hub.exchange.service import Reading
from hub.grants import service as grants
from hub.grants.errors import GrantNotFound
from hub.grants.forms_of import GrantedForm, form_of, granted_forms
from hub.grants.held import bound_to, newest_held
from hub.grants.models import AccessGrant
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.db import Database
from hub.kit.errors import Unprocessable
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.registry.service import DescribedElement

PREVIEWED_ROWS = 100


class NothingToRead(Unprocessable):
    """No period of the grant has ended yet."""

    code = "no_period_yet"


@dataclass(frozen=True)
class Selection:
    """What of a grant is looked at: one table of it, some periods, perhaps one division."""

    grant: AccessGrant
    forms: tuple[GrantedForm, ...]
    form: GrantedForm
    period: str
    last: str
    division: str

    @property
    def question(self) -> ValueQuestion:
        return read_question(
            elements=",".join(self.form.elements),
            period=f"{self.period}..{self.last}" if self.last else self.period,
            division=self.division or None,
            as_of=None,
            object_class=self.form.object_class,
        )


@dataclass(frozen=True)
class ValueLine:
    division: str
    period: str
    entity: str | None
    values: Mapping[str, Any]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Preview:
    lines: tuple[ValueLine, ...]
    has_more: bool


async def choose(
    session: AsyncSession, subject: Subject, number: str, *, form: str, period: str, last: str, division: str
) -> Selection:
    """The part of the caller's own grant that was asked for; without words the newest period of its first table."""
    grant = await grants.find_own_grant(session, subject, number)
    versions = [] if grant is None else await registry.list_current_of(session, grant.elements)
    if grant is None or not versions:
        raise GrantNotFound(_("没有这份授权。"))
    forms = granted_forms(versions, grant.period_from, grant.period_to, clock.today())
    chosen = form_of(forms, form) or forms[0]
    if not period and not chosen.periods:
        raise NothingToRead(_("授权的报告期都还没有结束，暂时没有可读的数据。"))
    shown = period or str(await newest_held(session, subject, number, chosen))
    return Selection(grant, forms, chosen, shown, last if last != period else "", division)


async def read(
    database: Database, session: AsyncSession, subject: Subject, selection: Selection, media_type: MediaType
) -> Reading:
    """Read and logged as every other read (`service.read_values`)."""
    return await service.read_values(
        database,
        session,
        bound_to(subject, selection.grant.number),
        selection.question,
        media_type=media_type,
        known_etags=None,
        after=None,
        limit=PREVIEWED_ROWS,
    )


async def preview(database: Database, session: AsyncSession, subject: Subject, selection: Selection) -> Preview:
    """The first rows, as `GET /data-values` answers them."""
    reading = await read(database, session, subject, selection, "application/json")
    told = json.loads(reading.body or b'{"items":[],"next":null}')
    lines = [
        ValueLine(item["division"], item["period"], item["entity"], item["values"], item["missing"])
        for item in told["items"]
    ]
    return Preview(tuple(lines), told["next"] is not None)


async def describe(session: AsyncSession, form: GrantedForm) -> Sequence[DescribedElement]:
    """What the columns are called, in the order of the form."""
    described = await registry.describe(session, await registry.list_current_of(session, form.elements))
    order = {identifier: place for place, identifier in enumerate(form.elements)}
    return sorted(described, key=lambda one: order[one.version.identifier])
