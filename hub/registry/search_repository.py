"""Finding elements: by words, by facets, and how many there are of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.types import BigInteger

from hub.registry.facets import COLUMN_FACETS
from hub.registry.models import DataElementVersion, ElementSearchEntry
from hub.registry.search import SCHEME, SearchTerms, Wanted, plain
from hub.registry.statuses import ENDED, QUALIFIED

_Version, _Entry = DataElementVersion, ElementSearchEntry

EXACT, BEGINNING, PART, ALIAS, PART_OF_ALIAS, SYNONYM, DEFINITION = range(7)
# Within one kind of match: what is asked most often first, then as the form is ordered.
_OFTEN = ("month", "quarter", "half_year", "year")
_PLACES_ON_A_FORM = 1_000_000
STATUS = "status"


def _has(column: Any, text: str) -> ColumnElement[bool]:
    return func.strpos(column, text) > 0


def _spells(column: Any, word: Wanted, *, before: str = "[\n ]", after: str = "") -> list[ColumnElement[bool]]:
    return [] if word.spelling is None else [column.regexp_match(before + word.spelling + after)]


def _kind_of_match(word: Wanted) -> ColumnElement[int | None]:
    """How well the word fits; null when it does not."""
    text, entry = word.text, _Entry
    said_otherwise = [
        _has(column, synonym) for synonym in word.synonyms for column in (entry.names, entry.aliases)
    ] or [literal(False)]
    return case(
        (
            or_(
                _has(entry.names, f"\n{text}\n"),
                *_spells(entry.name_readings, word, before="\n", after="[a-z]*\n"),
            ),
            EXACT,
        ),
        (or_(_has(entry.names, f"\n{text}"), *_spells(entry.name_readings, word, before="\n")), BEGINNING),
        (or_(_has(entry.names, text), *_spells(entry.name_readings, word)), PART),
        (_has(entry.aliases, f"\n{text}\n"), ALIAS),
        (or_(_has(entry.aliases, text), *_spells(entry.alias_readings, word)), PART_OF_ALIAS),
        (or_(*said_otherwise), SYNONYM),
        (_has(entry.definition, text), DEFINITION),
        else_=None,
    )


def _may_hold(word: Wanted) -> ColumnElement[bool]:
    """What the index answers: a few too many, never one too few."""
    return or_(*(_Entry.grams.op("@>")(list(grams)) for grams in word.pieces))


def _matched(terms: SearchTerms) -> CTE | None:
    """The versions that may hold every word, with how well each word fits; looked at once, however often asked."""
    if not terms.words:
        return None
    kinds = [_kind_of_match(word).label(f"word_{place}") for place, word in enumerate(terms.words)]
    if len(kinds) > 1:
        kinds.append(_kind_of_match(Wanted(terms.phrase, (), None, ())).label("phrase"))
    found = select(_Entry.identifier, _Entry.version, *kinds).where(*(_may_hold(word) for word in terms.words))
    return found.cte("matched").prefix_with("MATERIALIZED", dialect="postgresql")


def _fits(matched: CTE) -> list[ColumnElement[Any]]:
    return [column for column in matched.c if column.name.startswith("word_")]


def _rank(matched: CTE | None) -> ColumnElement[int]:
    """The worst match of the words decides, unless all of them together are a name."""
    if matched is None:
        return literal(0, BigInteger)
    kind: ColumnElement[Any] = func.greatest(*_fits(matched))
    if "phrase" in matched.c:
        kind = func.least(kind, matched.c.phrase)
    often = case(*((_Version.period_type == value, place) for place, value in enumerate(_OFTEN)), else_=len(_OFTEN))
    group: ColumnElement[int] = kind * (len(_OFTEN) + 1) + often
    return group * literal(_PLACES_ON_A_FORM, BigInteger) + _Version.position


def _shown(status: str | None) -> ColumnElement[bool]:
    """The version of each element that is shown: the newest that is qualified or above, else the newest.

    With a status: the newest of each that has it, so that work is found. Asked of each version that was found, which
    costs a look into the primary key; choosing the shown ones first would sort the whole registry.
    """
    other = aliased(_Version)
    same = other.identifier == _Version.identifier
    if status is not None:
        newer = and_(same, other.registration_status == status, other.version > _Version.version)
        return and_(_Version.registration_status == status, ~exists().where(newer))
    stands, other_stands = (one.registration_status.in_(QUALIFIED) for one in (_Version, other))
    better = and_(same, tuple_(other_stands, other.version) > tuple_(stands, _Version.version))
    return ~exists().where(better)


def _column(facet: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = (
        _Version.__table__.c[COLUMN_FACETS[facet]] if facet in COLUMN_FACETS else _Version.facets[facet].astext
    )
    return column


def _filtered(filters: Mapping[str, str], *, but: str = "") -> list[ColumnElement[bool]]:
    return [_column(facet) == value for facet, value in filters.items() if facet not in {but, STATUS}]


def _joined(statement: Select[*tuple[Any, ...]], matched: CTE | None) -> Select[*tuple[Any, ...]]:
    """Only what holds every word."""
    if matched is None:
        return statement
    same = and_(matched.c.identifier == _Version.identifier, matched.c.version == _Version.version)
    return statement.join(matched, same).where(*(kind.is_not(None) for kind in _fits(matched)))


async def search(
    session: AsyncSession,
    terms: SearchTerms,
    filters: Mapping[str, str],
    *,
    after: tuple[int, str] | None,
    limit: int,
) -> Sequence[tuple[DataElementVersion, int]]:
    """Elements with their rank, best first, then by identifier. `filters`: facet to value."""
    matched = _matched(terms)
    rank = _rank(matched)
    statement = _joined(select(_Version, rank.label("rank")), matched).where(
        *_filtered(filters), _shown(filters.get(STATUS))
    )
    if after is not None and matched is not None:
        statement = statement.where(tuple_(rank, _Version.identifier) > tuple_(*map(literal, after)))
    elif after is not None:
        statement = statement.where(_Version.identifier > after[1])
    order = (_Version.identifier,) if matched is None else (rank, _Version.identifier)
    statement = statement.order_by(*order).limit(limit)
    return [(version, found) for version, found in await session.execute(statement)]


async def count_facets(
    session: AsyncSession,
    terms: SearchTerms,
    filters: Mapping[str, str],
    facets: Sequence[str],
    *,
    but: str = "",
    most: int,
) -> Mapping[str, Mapping[str, int]]:
    """How many of what is found have which value, in one pass; the filter `but` is left out.

    No more than `most` are looked at: whoever finds so many wants to narrow it, not to know the number.
    """
    columns = [_column(facet).label(facet) for facet in facets]
    status = filters.get(STATUS) if but != STATUS else None
    found = (
        _joined(select(*columns), _matched(terms))
        .where(*_filtered(filters, but=but), _shown(status))
        .limit(most)
        .subquery()
    )
    sets = [tuple_(found.c[facet]) for facet in facets]
    numbers = [func.grouping(found.c[facet]) for facet in facets]
    statement = select(*(found.c[facet] for facet in facets), *numbers, func.count())
    statement = statement.group_by(func.grouping_sets(*sets))
    counts: dict[str, dict[str, int]] = {facet: {} for facet in facets}
    for row in await session.execute(statement):
        place = list(row[len(facets) : -1]).index(0)
        if row[place] is not None:
            counts[facets[place]][row[place]] = row[-1]
    return counts


async def count_statuses(
    session: AsyncSession, terms: SearchTerms, filters: Mapping[str, str], *, most: int
) -> Mapping[str, int]:
    """How many elements have a version in which status: what choosing the status will show."""
    found = (
        _joined(select(_Version.registration_status, _Version.identifier), _matched(terms))
        .where(*_filtered(filters))
        .limit(most)
        .subquery()
    )
    status, identifier = found.c.registration_status, found.c.identifier
    statement = select(status, func.count(identifier.distinct())).group_by(status)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def list_alike(
    session: AsyncSession,
    *,
    names: Collection[str],
    object_class: str,
    property_name: str,
    limit: int,
) -> Sequence[DataElementVersion]:
    """What is about the same property of the same object, or is called so."""
    entry = _Entry
    called = [
        or_(_has(entry.names, f"\n{plain(name)}\n"), _has(entry.aliases, f"\n{plain(name)}\n"))
        for name in names
        if name
    ]
    by_name = select(entry.identifier, entry.version).where(
        entry.grams.op("&&")(sorted({plain(name)[:2] for name in names if name})), or_(*called, literal(False))
    )
    same_concept = and_(_Version.object_class == object_class, _Version.property_name == property_name)
    statement = (
        select(_Version)
        .where(
            or_(same_concept, tuple_(_Version.identifier, _Version.version).in_(by_name)),
            _Version.registration_status.not_in(ENDED),
            _shown(None),
        )
        .order_by(_Version.identifier)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_unindexed(session: AsyncSession, limit: int) -> Sequence[DataElementVersion]:
    """Versions without an entry of the present scheme."""
    statement = (
        select(_Version)
        .where(
            ~exists().where(
                _Entry.identifier == _Version.identifier, _Entry.version == _Version.version, _Entry.scheme == SCHEME
            )
        )
        .order_by(_Version.identifier, _Version.version)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def replace_entries(session: AsyncSession, entries: Iterable[ElementSearchEntry]) -> None:
    made = list(entries)
    pairs = [(entry.identifier, entry.version) for entry in made]
    await session.execute(delete(_Entry).where(tuple_(_Entry.identifier, _Entry.version).in_(pairs)))
    session.add_all(made)
    await session.flush()
