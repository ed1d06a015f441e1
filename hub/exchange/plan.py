"""From a question to what is read: which elements of which form, whether all of it is granted."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.exchange.questions import QuestionInvalid, ValueQuestion
from hub.geography import service as geography
from hub.geography.levels import CODE_LENGTHS
from hub.grants import service as grants
from hub.grants.coverage import ElementFact
from hub.grants.errors import no_period_type_granted, not_granted, nothing_granted
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.store import service as store
from hub.store.rows import ValueQuery
from hub.store.scope import Outside, Place, ReadScope, ScopeBox, ScopeRequest, outside

# More elements than any form has.
MOST_ELEMENTS_OF_A_FORM = 1000


@dataclass(frozen=True)
class Plan:
    """A read that is wholly granted: under these boxes, of these elements of one form."""

    scope: ReadScope
    query: ValueQuery
    request: ScopeRequest
    boxes: tuple[ScopeBox, ...]
    elements: Mapping[str, ElementFact]

    @property
    def grants(self) -> list[str]:
        return sorted({box.grant for box in self.boxes if box.grant is not None})

    @property
    def purpose(self) -> str | None:
        return "；".join(sorted({box.purpose for box in self.boxes if box.purpose})) or None


def current_versions(elements: Mapping[str, ElementFact]) -> dict[str, int]:
    return {identifier: fact.current.version for identifier, fact in elements.items()}


async def make_plan(session: AsyncSession, subject: Subject, question: ValueQuestion) -> Plan:
    """Raises `NotGranted` naming everything outside the scope, `QuestionInvalid` for what cannot be asked."""
    scope, known = await grants.read_reach(session, subject)
    scope = scope.of_provisional if question.provisional else scope
    place, is_known = await _find_place(session, question.division)
    if question.elements is None:
        identifiers = await _default_elements(session, scope, known, question, place)
    else:
        identifiers = question.elements
    request = ScopeRequest(identifiers, question.periods, place)
    if found := outside(scope, request):
        raise not_granted(found)
    if not is_known:
        raise _invalid("division", "division_unknown", _("没有行政区划“{code}”。").format(code=question.division))
    elements = {name: known[name] for name in identifiers if name in known} or await grants.load_elements(
        session, identifiers
    )
    query = ValueQuery(
        object_class=_one_form(elements, identifiers, question.periods),
        periods=question.periods,
        elements=tuple(identifiers),
        place=place,
        as_of=question.as_of,
        provisional=question.provisional,
    )
    if withheld := await store.find_withheld_versions(session, scope, query):
        raise not_granted([Outside("element_version_not_granted", identifier) for identifier in sorted(withheld)])
    return Plan(scope, query, request, scope.boxes_for(request), elements)


async def _find_place(session: AsyncSession, code: str | None) -> tuple[Place | None, bool]:
    """Where is asked about, and whether there is such a division.

    One that nobody knows lies where its code would put it: outside the grants it is refused like every
    other, inside it is called unknown.
    """
    if code is None:
        return None, True
    lineage = await geography.find_lineage(session, code)
    if lineage is None:
        return Place(code, frozenset(code[:length] for length in CODE_LENGTHS.values() if length <= len(code))), False
    return Place(code, frozenset(lineage)), True


async def _default_elements(
    session: AsyncSession,
    scope: ReadScope,
    known: Mapping[str, ElementFact],
    question: ValueQuestion,
    place: Place | None,
) -> Sequence[str]:
    """All that is granted of the one form that the period belongs to; which one is asked when there are several."""
    if not scope.boxes:
        raise nothing_granted(scope)
    of_class = await _granted_by_class(session, scope, known, question.periods[0])
    if question.object_class is not None:
        of_class = {question.object_class: of_class.get(question.object_class, [])}
    granted = [identifier for identifiers in of_class.values() for identifier in identifiers]
    if not granted:
        raise no_period_type_granted(question.periods[0])
    reached = {
        object_class: [
            identifier
            for identifier in identifiers
            if scope.boxes_for(ScopeRequest([identifier], question.periods, place))
        ]
        for object_class, identifiers in of_class.items()
    }
    found = {object_class: identifiers for object_class, identifiers in reached.items() if identifiers}
    if not found:
        raise not_granted(outside(scope, ScopeRequest(granted, question.periods, place)))
    if len(found) > 1:
        message = _("授权涉及多种填报对象（{classes}），请用 elements 或 object_class 写明要哪一种。")
        raise _invalid("object_class", "object_class_missing", message.format(classes="、".join(sorted(found))))
    return next(iter(found.values()))


async def _granted_by_class(
    session: AsyncSession, scope: ReadScope, known: Mapping[str, ElementFact], period: Period
) -> Mapping[str, list[str]]:
    """The identifiers with this type of period, by object class. A township may read every one there is."""
    of_class: dict[str, list[str]] = defaultdict(list)
    if scope.elements is None:
        found = await registry.search_elements(session, period_type=period.type, limit=MOST_ELEMENTS_OF_A_FORM)
        for version, _rank in found:
            of_class[version.object_class].append(version.identifier)
        return of_class
    for identifier in sorted(scope.elements):
        fact = known[identifier]
        if fact.current.period_type == period.type:
            of_class[fact.current.object_class].append(identifier)
    return of_class


def _one_form(elements: Mapping[str, ElementFact], identifiers: Collection[str], periods: Sequence[Period]) -> str:
    """The object class that all the elements are about. One table has one kind of row and one kind of period."""
    unknown = [identifier for identifier in identifiers if identifier not in elements]
    if unknown:
        message = _("没有数据元：{names}。").format(names="、".join(name[:80] for name in unknown))
        raise _invalid("elements", "element_unknown", message)
    forms = {(fact.current.object_class, fact.current.period_type) for fact in elements.values()}
    if len(forms) > 1:
        raise _invalid("elements", "elements_of_several_forms", _("所列数据元不在同一张表中，请分开读取。"))
    object_class, period_type = next(iter(forms))
    if period_type != periods[0].type:
        message = _("所列数据元的报告期类型是 {wanted}，不是 {given}。").format(
            wanted=period_type, given=periods[0].type
        )
        raise _invalid("period", "period_type_differs", message)
    return object_class


def _invalid(name: str, code: str, message: str) -> QuestionInvalid:
    return QuestionInvalid(message, errors=[ErrorItem(f"query:/{name}", code, message)])
