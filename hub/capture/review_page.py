"""A task as those who sign or approve see it. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from hub.capture.lifecycle import can
from hub.capture.models import CollectionStep, Submission
from hub.capture.refusals import RefusalView, Refused
from hub.capture.reviewing import Review, ReviewedRow
from hub.capture.rows import spelled
from hub.capture.service import is_own
from hub.capture.steps import state_of
from hub.capture.task_page import Step, TaskLine, door_words
from hub.capture.words import action_words, missing_choices
from hub.forms.content import FormContent, FormField, FormSection
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell

# From here on a change against the preceding period is coloured: it is looked at first.
NOTABLE_PERCENT = 50


@dataclass(frozen=True)
class ReviewCell:
    """One value beside the one before. `name` is the checkbox's, empty where nothing can come back."""

    key: str
    name: str
    label: str
    text: str
    previous: str
    change: str
    is_notable: bool
    remark: str
    is_number: bool


@dataclass(frozen=True)
class ReviewRow:
    division: str
    name: str
    cells: tuple[ReviewCell, ...]


@dataclass(frozen=True)
class ReviewSection:
    index: int
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[ReviewRow, ...]


@dataclass(frozen=True)
class Explained:
    """A warning that passed, with what the township said about it."""

    href: str
    message: str
    reason: str


@dataclass(frozen=True)
class ExceptionLine:
    id: str
    reason: str
    until: datetime
    granted_by: str
    is_live: bool
    ended_by: str


@dataclass(frozen=True)
class Actions:
    """The buttons that make sense for this person now; the service decides in the end."""

    approve: bool = False
    send_back: bool = False
    take_back: bool = False
    sign: bool = False
    grant_exception: bool = False
    choose_sign_off: bool = False

    @property
    def any(self) -> bool:
        return self.approve or self.send_back or self.take_back or self.sign


@dataclass(frozen=True)
class ReviewPage:
    """One township's task for the authority, an inspector or the township's own leader.

    After a button was pressed in vain: what was `typed` and `ticked`, `faults` at fields, all else in `refusal`.
    """

    id: str
    line: TaskLine
    township: str
    wants_sign_off: bool
    submission: str | None
    answer: str
    sections: tuple[ReviewSection, ...]
    explained: tuple[Explained, ...]
    steps: tuple[Step, ...]
    exceptions: tuple[ExceptionLine, ...]
    actions: Actions
    is_own: bool
    may_read_submission: bool
    may_see_values: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refusal: RefusalView | None = None
    ticked: frozenset[str] = frozenset()

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())

    @property
    def carried(self) -> Sequence[tuple[str, str]]:
        """Reasons of a return that was refused: its second step finds them again."""
        reasons = [(name, text) for name, text in self.typed.items() if name.partition(".")[0] == "reason"]
        return reasons if self.actions.send_back else ()

    @property
    def notable(self) -> int:
        return sum(one.is_notable for section in self.sections for row in section.rows for one in row.cells)


@dataclass(frozen=True)
class ReturnCell:
    """A cell that is to come back, with the field for what is asked about it."""

    name: str
    label: str
    text: str
    reason: str


@dataclass(frozen=True)
class ReturnPage:
    """The second step of a return: the chosen cells, each with its reason. Without any the whole form comes back."""

    id: str
    line: TaskLine
    submission: str
    cells: tuple[ReturnCell, ...]
    reason: str
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


def review_page(review: Review, subject: Subject, line: TaskLine, refused: Refused | None = None) -> ReviewPage:
    held = review.submission
    actions = _actions(review, subject)
    return ReviewPage(
        id=line.id,
        line=line,
        township=review.task.collection.township,
        wants_sign_off=review.task.collection.wants_sign_off,
        submission=review.task.collection.submission,
        answer=(held.reason or "") if held is not None and held.supersedes is not None else "",
        sections=tuple(
            _section(review, index, section, is_open=actions.send_back)
            for index, section in enumerate(review.form.sections if review.rows else ())
        ),
        explained=tuple(_explained(review)) if review.rows else (),
        steps=steps_of(review),
        exceptions=tuple(_exceptions(review)),
        actions=actions,
        is_own=is_own(subject, review.task.collection),
        may_read_submission=subject.may(Permission.SUBMISSION_READ),
        may_see_values=bool(review.rows) and review.task.collection.submission is not None,
        typed={} if refused is None else refused.typed,
        faults={} if refused is None else refused.faults,
        refusal=None if refused is None else refused.view,
        ticked=frozenset(() if refused is None else refused.ticked),
    )


def _actions(review: Review, subject: Subject) -> Actions:
    collection = review.task.collection
    state, reviews = state_of(collection), collection.wants_review
    if is_own(subject, collection):
        request = next((step for step in reversed(review.steps) if step.action == "request_sign_off"), None)
        others = request is not None and request.actor != subject.name
        return Actions(sign=subject.may(Permission.SUBMISSION_SIGN) and can("sign", state) and others)
    decides = subject.may(Permission.SUBMISSION_REVIEW) and subject.organization.kind == "authority"
    waits = collection.submission is None and collection.stage is None
    return Actions(
        approve=decides and can("approve", state),
        send_back=decides and can("return", state, wants_review=reviews),
        take_back=decides and can("revoke", state, wants_review=reviews),
        grant_exception=subject.may(Permission.COLLECTION_EXCEPT) and waits and _is_shut(review),
        choose_sign_off=subject.may(Permission.TOWNSHIP_WORKFLOW_MANAGE),
    )


def _is_shut(review: Review) -> bool:
    return review.task.state == "closed" or review.task.collection.excepted_until is not None


def _section(review: Review, index: int, section: FormSection, *, is_open: bool) -> ReviewSection:
    remarks = _remarks(review)
    return ReviewSection(
        index,
        section.title,
        tuple((one.spec.label, one.spec.domain.unit or "") for one in section.fields),
        tuple(
            ReviewRow(
                row.division, row.name, tuple(_cell(row, one, remarks, is_open=is_open) for one in section.fields)
            )
            for row in review.rows
        ),
    )


def _cell(row: ReviewedRow, one: FormField, remarks: Mapping[tuple[str, str], str], *, is_open: bool) -> ReviewCell:
    value, before = row.values.get(one.identifier), row.previous.get(one.identifier)
    reasons = {choice.value: choice.label for choice in missing_choices()}
    change, is_notable = change_words(value, before)
    comes_back = is_open and one.spec.source == "captured"
    key = f"{row.division}.{one.identifier}"
    return ReviewCell(
        key=key,
        name=key if comes_back else "",
        label=f"{row.name} {one.spec.label}",
        text=_shown(one, value) or reasons.get(str(row.missing.get(one.identifier, "")), "—"),
        previous=_shown(one, before),
        change=change,
        is_notable=is_notable,
        remark=remarks.get((row.division, one.identifier), ""),
        is_number=one.spec.domain.datatype in {"integer", "decimal"},
    )


def _shown(one: FormField, value: object) -> str:
    return one.spec.domain.meanings.get(str(value), cell(value)) if one.spec.domain.code_list else cell(value)


def change_words(value: object, before: object) -> tuple[str, bool]:
    """By how many per cent a number changed, and whether that is to be looked at first."""
    try:
        now, then = Decimal(spelled(value)), Decimal(spelled(before))
    except InvalidOperation:
        return "", False
    if now == then:
        return "", False
    if then == 0:
        return _("上期为 0"), True
    percent = (now - then) / abs(then) * 100
    return f"{percent:+.1f}%", abs(percent) >= NOTABLE_PERCENT


def _remarks(review: Review) -> dict[tuple[str, str], str]:
    """What came back at a cell, and what the township explained there."""
    found: dict[tuple[str, str], str] = {}
    for warning in review.explained:
        if warning.element is not None:
            found[warning.division, warning.element] = _("说明：{reason}").format(reason=warning.reason)
    for one in review.returned.cells if review.returned is not None else ():
        found[one.division, one.element] = _("退回：{reason}").format(reason=one.reason)
    return found


def _explained(review: Review) -> list[Explained]:
    rows = {row.division for row in review.rows}
    return [
        Explained(
            f"#k.{warning.division}.{warning.element}" if warning.division in rows and warning.element else "",
            warning.message,
            warning.reason,
        )
        for warning in review.explained
    ]


def steps_of(review: Review) -> tuple[Step, ...]:
    """Submissions and the steps between them, newest first."""
    lines = [_submitted(review, one) for one in review.submissions] + [_taken(review, one) for one in review.steps]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _submitted(review: Review, one: Submission) -> Step:
    name = review.names.get(one.submitted_by, one.submitted_by)
    if one.signed_by is not None:
        name = _("{clerk}填报，{leader}签发").format(clerk=name, leader=review.names.get(one.signed_by, one.signed_by))
    what = _("提交（{door}）") if one.supersedes is None else _("再次提交（{door}）")
    return Step(one.submitted_at, what.format(door=door_words(one.door)), name, one.reason or "", (), one.number)


def _taken(review: Review, step: CollectionStep) -> Step:
    cells = tuple(_returned(review, one) for one in step.details.get("cells", ()))
    name = review.names.get(step.actor, step.actor)
    return Step(step.at, action_words(step.action), name, step.reason or "", cells, step.submission)


def _returned(review: Review, one: Mapping[str, str]) -> str:
    place = review.places.get(one["division"], one["division"])
    return f"{place} {_element(review.form, one['element'])}：{one['reason']}"


def _element(form: FormContent, identifier: str) -> str:
    spec = form.spec.by_identifier.get(identifier)
    return spec.label if spec is not None else identifier


def _exceptions(review: Review) -> list[ExceptionLine]:
    now = clock.now()
    return [
        ExceptionLine(
            str(one.id),
            one.reason,
            one.until,
            one.granted_by,
            one.ended_at is None and one.until >= now,
            one.ended_by or "",
        )
        for one in reversed(review.exceptions)
    ]


def return_page(
    review: Review,
    line: TaskLine,
    typed: Mapping[str, str],
    chosen: Sequence[str],
    faults: Mapping[str, Sequence[str]] | None = None,
) -> ReturnPage:
    """The cells in the order of the form, whatever the order of ticking."""
    wanted = set(chosen)
    cells = [
        ReturnCell(one.name, one.label, one.text, typed.get(f"reason.{one.name}", ""))
        for index, section in enumerate(review.form.sections)
        for row in _section(review, index, section, is_open=True).rows
        for one in row.cells
        if one.name and one.name in wanted
    ]
    return ReturnPage(
        line.id, line, review.task.collection.submission or "", tuple(cells), typed.get("reason", ""), faults or {}
    )
