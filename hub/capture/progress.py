"""How far a township has come with its tasks: rows in which nothing that is owed is open."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.capture import repository
from hub.capture.desk import CollectionTask
from hub.capture.models import Collection
from hub.capture.rows import TypedEntry, excused_cells, is_open, stored_entries
from hub.capture.service import is_own
from hub.forms import service as forms
from hub.forms.content import FormContent, FormField
from hub.geography import service as geography
from hub.geography.levels import Level
from hub.identity.subject import Subject
from hub.kit.computing import compute
from hub.kit.db import set_scope
from hub.validation import Row, look_over


@dataclass(frozen=True)
class Progress:
    """`open_rows`: the places with gaps by name, `open_sections`: the sections that have some."""

    filled: int
    rows: int
    open_rows: tuple[str, ...] = ()
    open_sections: tuple[str, ...] = ()


async def list_progress(
    session: AsyncSession, subject: Subject, tasks: Sequence[CollectionTask]
) -> Mapping[UUID, Progress]:
    """The progress of the caller's own tasks that wait for their first submission; drafts are nobody else's."""
    waiting = [task.collection for task in tasks if task.state in {"open", "closed"}]
    own = [collection for collection in waiting if is_own(subject, collection)]
    if own:
        await set_scope(session, sorted({collection.township for collection in own}))
    return {collection.id: await _progress(session, collection) for collection in own}


async def _progress(session: AsyncSession, collection: Collection) -> Progress:
    form = await forms.get_form(session, collection.form, collection.form_version)
    asked = await list_row_codes(session, collection)
    draft = await repository.get_draft(session, collection.area, collection.id)
    typed = [] if draft is None else stored_entries(draft.rows)
    first = {entry.division: entry for entry in reversed(typed)}
    entries = [first.get(code, TypedEntry(code)) for code in asked]
    excused = await _excused(form, entries)
    gaps = {one.division: _open_sections(form, one, none) for one, none in zip(entries, excused, strict=True)}
    open_codes = [code for code, titles in gaps.items() if titles]
    names = await geography.get_divisions(session, open_codes) if open_codes else {}
    return Progress(
        len(asked) - len(open_codes),
        len(asked),
        tuple(names[code].name for code in open_codes if code in names),
        tuple(dict.fromkeys(title for titles in gaps.values() for title in titles)),
    )


async def _excused(form: FormContent, entries: Sequence[TypedEntry]) -> Sequence[frozenset[str]]:
    """What is asked of nobody by what is typed now; a condition on the past says nothing here, and the cell is owed."""
    rows = [Row(entry.division, entry.values, entry.missing) for entry in entries]
    live = await compute(look_over, form.spec, rows)
    return [excused_cells(entry, one) for entry, one in zip(entries, live, strict=True)]


def _open_sections(form: FormContent, entry: TypedEntry, excused: Container[str]) -> list[str]:
    """The sections in which something that is owed has neither a value nor a reason."""
    return [one.title for one in form.sections if any(_is_owed(field, entry, excused) for field in one.fields)]


async def list_row_codes(session: AsyncSession, collection: Collection) -> Sequence[str]:
    """The divisions that the form asks of, as they are at the period's end."""
    level: Level = "township" if collection.object_class == "township" else "village"
    last_day = Period.parse(collection.period).last_day
    return await geography.subtree_codes(session, [collection.township], level, last_day)


def is_filled(form: FormContent, entry: TypedEntry, excused: Container[str]) -> bool:
    """Every element that is owed has something typed or a reason; whether it is right is validation's work."""
    return not any(_is_owed(field, entry, excused) for field in form.captured)


def _is_owed(field: FormField, entry: TypedEntry, excused: Container[str]) -> bool:
    if field.spec.source != "captured" or field.obligation != "mandatory" or field.identifier in excused:
        return False
    return is_open(entry, field.identifier)
