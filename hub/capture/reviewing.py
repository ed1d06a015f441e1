"""What somebody who signs or approves looks at: the form as it was sent, beside the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.capture import drafting, exceptions, repository, steps
from hub.capture.confirmations import Confirmation, ConfirmedWarning, confirmed_warning, reason_for
from hub.capture.desk import CollectionTask
from hub.capture.models import Collection, CollectionStep, LockException, Submission
from hub.capture.progress import list_row_codes
from hub.capture.service import is_own, may_see_values
from hub.capture.steps import Return
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.grants import service as grants
from hub.identity import people
from hub.identity.subject import Subject
from hub.kit.db import set_scope
from hub.store.past import select_past
from hub.store.rows import ValueQuery
from hub.store.scope import Place
from hub.validation import LookBack


@dataclass(frozen=True)
class ReviewedRow:
    """One row as it was sent, and its captured values of the preceding period."""

    division: str
    name: str
    values: Mapping[str, Any]
    missing: Mapping[str, Any]
    previous: Mapping[str, Any]


@dataclass(frozen=True)
class Review:
    """A task with all that has to be known to decide on it. `rows` only for whom its values are to be seen.

    `explained`: the warnings that pass, each with the township's reason. `names` are people's, `places` of the rows.
    """

    task: CollectionTask
    form: FormContent
    rows: tuple[ReviewedRow, ...]
    submissions: tuple[Submission, ...]
    steps: tuple[CollectionStep, ...]
    exceptions: tuple[LockException, ...]
    returned: Return | None
    names: Mapping[str, str]
    places: Mapping[str, str]
    explained: tuple[ConfirmedWarning, ...] = ()

    @property
    def submission(self) -> Submission | None:
        number = self.task.collection.submission
        return next((one for one in self.submissions if one.number == number), None)


async def open_review(
    session: AsyncSession, subject: Subject, task: CollectionTask, *, shows_values: bool = True
) -> Review:
    """For the authority what was submitted; for the township's leader what was sent for signing.

    Without values it is what became of the task: nothing of anybody's is read then.
    """
    collection = task.collection
    await set_scope(session, [collection.township])
    form = await forms.get_form(session, collection.form, collection.form_version)
    submissions = await repository.list_submissions(session, collection.area, collection.id)
    taken = await steps.list_steps(session, collection)
    actors = {step.actor for step in taken} | {
        name for one in submissions for name in (one.submitted_by, one.signed_by) if name is not None
    }
    return Review(
        task=task,
        form=form,
        rows=tuple(await _rows(session, subject, collection, form)) if shows_values else (),
        submissions=tuple(submissions),
        steps=tuple(taken),
        exceptions=tuple(await exceptions.list_exceptions(session, subject, collection.id)),
        returned=await steps.find_return(session, collection),
        names=await people.display_names(session, sorted(actors)),
        places=await _places(session, collection),
        explained=tuple(await _explained(session, subject, collection, submissions, taken)) if shows_values else (),
    )


async def _places(session: AsyncSession, collection: Collection) -> dict[str, str]:
    found = await geography.get_divisions(session, await list_row_codes(session, collection))
    return {code: division.name for code, division in found.items()}


async def _explained(
    session: AsyncSession,
    subject: Subject,
    collection: Collection,
    submissions: Sequence[Submission],
    taken: Sequence[CollectionStep],
) -> Sequence[ConfirmedWarning]:
    """Of what was submitted they were kept; of what waits for a signature they are found again."""
    held = next((one for one in submissions if one.number == collection.submission), None)
    earlier = [] if held is None else [confirmed_warning(warning) for warning in held.warnings]
    if not (is_own(subject, collection) and collection.stage == "awaiting_sign_off"):
        return earlier
    request = next(step for step in reversed(taken) if step.action == "request_sign_off")
    confirmations = [Confirmation(**kept) for kept in request.details["confirmations"]]
    report = await drafting.check_draft(session, subject, collection.id)
    return [
        ConfirmedWarning(
            code=warning.code,
            division=warning.division,
            element=warning.element,
            elements=warning.elements,
            rule=warning.rule,
            rule_version=None,
            value=warning.value,
            message=warning.message,
            reason=reason_for(warning, confirmations, earlier) or "",
        )
        for warning in report.warnings
    ]


async def _rows(
    session: AsyncSession, subject: Subject, collection: Collection, form: FormContent
) -> Sequence[ReviewedRow]:
    if not may_see_values(subject, collection):
        return []
    if is_own(subject, collection):
        view = await drafting.get_draft(session, subject, collection.id)
        return [
            ReviewedRow(row.division, row.division_name, {**row.values, **row.derived}, row.missing, row.previous)
            for row in view.rows
        ]
    if collection.submission is None:
        return []
    held = await repository.get_submission(session, collection.area, collection.submission)
    return [] if held is None else await _submitted_rows(session, subject, collection, form, held)


async def _submitted_rows(
    session: AsyncSession, subject: Subject, collection: Collection, form: FormContent, held: Submission
) -> Sequence[ReviewedRow]:
    """Looking at another's values leaves its trace."""
    previous = await _previous(session, subject, collection, form)
    names = await _places(session, collection)
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_VALUES_READ,
        "submission",
        held.number,
        purpose="supervision",
        details={"township": collection.township, "rows": len(held.content)},
    )
    return [
        ReviewedRow(
            row["division"],
            names.get(row["division"], row["division"]),
            {**row["values"], **row["derived"]},
            row["missing"],
            previous.get(row["division"], {}),
        )
        for row in held.content
    ]


async def _previous(
    session: AsyncSession, subject: Subject, collection: Collection, form: FormContent
) -> Mapping[str, Mapping[str, Any]]:
    scope = await grants.read_scope(session, subject, supervising=True)
    periods = LookBack.PREVIOUS.periods(Period.parse(collection.period))
    place = await geography.get_division(session, collection.township)
    captured = tuple(item.identifier for item in form.captured)
    query = ValueQuery(form.object_class, tuple(periods), captured, Place(place.code, frozenset(place.lineage)))
    found = await select_past(session, scope, query, await list_row_codes(session, collection))
    await set_scope(session, [collection.township])
    return {row.division: row.values for row in found}
