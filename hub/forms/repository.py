from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.forms.models import Form, FormItem, FormRule, FormVersion
from hub.kit.statements import Statement, first

# Asked with every draft and submission; what it leads to is kept in the process (hub/forms/cache.py).
_VERSION = Statement(
    select(*FormVersion.__table__.c).where(
        FormVersion.code == bindparam("code"), FormVersion.version == bindparam("version")
    )
)


async def lock_publication(session: AsyncSession, code: str) -> None:
    """Two publications of one form meet here: versions are numbered without a gap."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"forms.publication\n{code}", 0))))


async def list_versions(session: AsyncSession, code: str) -> Sequence[FormVersion]:
    """Oldest first."""
    statement = select(FormVersion).where(FormVersion.code == code).order_by(FormVersion.version)
    return (await session.scalars(statement)).all()


async def get_newest_version(session: AsyncSession, code: str) -> FormVersion | None:
    statement = select(FormVersion).where(FormVersion.code == code).order_by(FormVersion.version.desc()).limit(1)
    return await session.scalar(statement)


async def get_version(session: AsyncSession, code: str, version: int) -> FormVersion | None:
    """Of the version's own attributes, and not the session's object."""
    found: FormVersion | None = first(await _VERSION.rows(session, {"code": code, "version": version}))
    return found


async def get_form(session: AsyncSession, code: str) -> Form | None:
    return await session.get(Form, code)


async def list_items(session: AsyncSession, code: str, version: int) -> Sequence[FormItem]:
    statement = select(FormItem).where(FormItem.code == code, FormItem.version == version).order_by(FormItem.position)
    return (await session.scalars(statement)).all()


async def list_rules(session: AsyncSession, code: str, version: int) -> Sequence[FormRule]:
    statement = select(FormRule).where(FormRule.code == code, FormRule.version == version).order_by(FormRule.identifier)
    return (await session.scalars(statement)).all()


async def add_form(session: AsyncSession, form: Form) -> None:
    """Once, at the first publication."""
    values = {
        "code": form.code,
        "object_class": form.object_class,
        "period_type": form.period_type,
        "created_at": form.created_at,
    }
    await session.execute(insert(Form).values(values).on_conflict_do_nothing())


async def add_version(
    session: AsyncSession, version: FormVersion, items: Sequence[FormItem], rules: Sequence[FormRule]
) -> None:
    session.add(version)
    await session.flush()
    session.add_all([*items, *rules])
    await session.flush()
