"""How far a township has come with its tasks: rows in which nothing that is owed is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.capture import repository
from hub.capture.desk import CollectionTask
from hub.capture.models import Collection
from hub.capture.rows import TypedEntry, stored_entries
from hub.capture.service import is_own
from hub.datatypes import is_blank
from hub.forms import service as forms
from hub.forms.content import FormContent, FormField
from hub.geography import service as geography
from hub.geography.levels import Level
from hub.identity.subject import Subject
from hub.kit.db import set_scope


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
    entries = {entry.division: entry for entry in reversed(typed)}
    gaps = {code: _open_sections(form, entries.get(code, TypedEntry(code))) for code in asked}
    open_codes = [code for code, titles in gaps.items() if titles]
    names = await geography.get_divisions(session, open_codes) if open_codes else {}
    return Progress(
        len(asked) - len(open_codes),
        len(asked),
        tuple(names[code].name for code in open_codes if code in names),
        tuple(dict.fromkeys(title for titles in gaps.values() for title in titles)),
    )


def _open_sections(form: FormContent, entry: TypedEntry) -> list[str]:
    """The sections in which something that is owed has neither a value nor a reason."""
    return [section.title for section in form.sections if any(_is_owed(field, entry) for field in section.fields)]


async def list_row_codes(session: AsyncSession, collection: Collection) -> Sequence[str]:
    """The divisions that the form asks of, as they are at the period's end."""
    level: Level = "township" if collection.object_class == "township" else "village"
    last_day = Period.parse(collection.period).last_day
    return await geography.subtree_codes(session, [collection.township], level, last_day)


def is_filled(form: FormContent, entry: TypedEntry) -> bool:
    """Every element that is owed has something typed or a reason; whether it is right is validation's work."""
    return not any(_is_owed(field, entry) for field in form.captured)


def _is_owed(field: FormField, entry: TypedEntry) -> bool:
    if field.spec.source != "captured" or field.obligation != "mandatory":
        return False
    return is_blank(entry.values.get(field.identifier)) and not entry.missing.get(field.identifier)
