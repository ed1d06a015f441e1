"""Finding elements as people look for them: Chinese words and their parts, pinyin, synonyms (FEATURES R11)."""

from datetime import date

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import SYSTEM
from hub.kit.db import Database
from hub.registry import service
from hub.registry.apply import apply_files
from hub.registry.facets import FILTERS
from hub.registry.files import read_folder
from hub.registry.models import ElementSearchEntry
from hub.registry.readings import read_aloud, segmentations
from hub.registry.search import SCHEME, entry_of, read_terms
from hub.registry.search_index import index_missing
from hub.registry.synonyms import other_words, shipped, synonyms
from hub.settings import share_folder
from tests.people import People
from tests.performance.asked import asked, walked
from tests.registry.factories import create_element, element_definition

ELEMENTS = "/api/v1/data-elements"
FIRST, HOUSEHOLDS = "village_migrant_workers", "village_migrant_households"


class TestReadings:
    @pytest.mark.parametrize(
        ("text", "readings"),
        [
            ("外出务工人数", [("wai", "chu", "wu", "gong", "ren", "shu")]),
            ("银行", [("yin", "hang")]),
            ("女（16+）", [("nv",), ("ru",)]),
            ("GDP总量", [("gdp", "zong", "liang")]),
            ("123", []),
        ],
    )
    def test_are_syllables_without_tones(self, text: str, readings: list[tuple[str, ...]]) -> None:
        assert read_aloud([text]) == readings

    def test_are_not_without_end(self) -> None:
        assert len(read_aloud(["行行行行行行行行"])) <= 8
        assert len(segmentations("an" * 20)) <= 24

    def test_letters_that_begin_nothing_are_no_pinyin(self) -> None:
        assert segmentations("village") == []


class TestSynonyms:
    def test_a_word_is_said_otherwise_within_another(self) -> None:
        known = synonyms([["务工", "打工"]])
        assert other_words("外出打工", known) == ("外出务工",)
        assert other_words("dagong", known) == ("务工", "打工")
        assert other_words("人口", known) == ()

    def test_the_shipped_file_names_a_source_of_each_group(self) -> None:
        words = [word for group in shipped().groups for word in group]
        assert len(shipped().groups) >= 10
        assert len(words) == len(set(words))


class TestEntries:
    @pytest.mark.parametrize("q", ["务", "务工", "工人员", "wugong", "wgrs", "wugongrs", "waichuwgongrens", "Migrant"])
    def test_hold_what_a_query_looks_for(self, q: str) -> None:
        entry = entry_of(element_definition(name_en="Migrant workers", aliases=("外出务工人员数",)))
        (word,) = read_terms(q).words
        assert any(set(grams) <= set(entry.grams) for grams in word.pieces)

    @pytest.mark.parametrize("q", ["务农", "wunong", "gongwu", "migrate"])
    def test_do_not_hold_what_does_not_occur(self, q: str) -> None:
        entry = entry_of(element_definition(name_en="Migrant workers"))
        (word,) = read_terms(q).words
        assert not any(set(grams) <= set(entry.grams) for grams in word.pieces)


@pytest.fixture
async def registry(people: People, database: Database) -> None:
    """Everything that the project ships."""
    async with database.transaction() as session:
        await apply_files(session, SYSTEM, read_folder(share_folder("schemas")))


@pytest.mark.subject("reporter_east")
@pytest.mark.usefixtures("registry")
class TestShippedElements:
    @pytest.mark.parametrize(
        "q",
        ["务工", "wugong", "Ｗｕｇｏｎｇ", "外出务工", "waichuwugong", "wcwgrs", "wcwugongrs", "打工", "dagong", FIRST],
    )
    async def test_the_migrant_workers_are_first(self, client: httpx.AsyncClient, q: str) -> None:
        found = (await client.get(ELEMENTS, params={"q": q})).json()["items"]
        assert found[0]["identifier"] == FIRST

    @pytest.mark.parametrize("q", ["务工", "wugong", "外出务工"])
    async def test_households_come_later(self, client: httpx.AsyncClient, q: str) -> None:
        found = [item["identifier"] for item in (await client.get(ELEMENTS, params={"q": q})).json()["items"]]
        assert found.index(FIRST) < found.index(HOUSEHOLDS)

    async def test_an_exact_name_beats_everything(self, client: httpx.AsyncClient) -> None:
        for q in ("外出务工户数", "waichuwugonghushu", "wcwghs", HOUSEHOLDS):
            found = (await client.get(ELEMENTS, params={"q": q})).json()["items"]
            assert found[0]["identifier"] == HOUSEHOLDS, q

    async def test_facets_are_counted_as_they_would_be_found(self, session: AsyncSession) -> None:
        counts = await service.count_facets(session, "务工", {"period_type": "month"}, FILTERS)
        for facet, value in (("stock_or_flow", "stock"), ("period_type", "year"), ("steward", "human-resources")):
            filters = {"period_type": "month", facet: value}
            found = await service.search_elements(session, q="务工", facets=filters, limit=1000)
            assert counts.of[facet][value] == len(found) > 0, facet
        found = await service.search_elements(session, q="务工", facets={"status": "recorded"}, limit=1000)
        every = await service.count_facets(session, "务工", {}, FILTERS)
        assert (every.total, every.is_whole, every.of["status"]) == (len(found), True, {"recorded": len(found)})


class TestIndex:
    @pytest.mark.full_transaction
    async def test_makes_what_is_missing_or_old(self, database: Database, people: People) -> None:
        async with database.transaction() as session:
            await create_element(session, people)
            await create_element(session, people, identifier="village_other", name_zh="其他", aliases=())
            await session.execute(delete(ElementSearchEntry).where(ElementSearchEntry.identifier == FIRST))
            (old,) = (await session.scalars(select(ElementSearchEntry))).all()
            old.scheme = SCHEME - 1
        async with database.transaction() as session:
            assert not await service.search_elements(session, q="wugong", limit=10)
        assert await index_missing(database) == 2
        assert await index_missing(database) == 0
        async with database.transaction() as session:
            found = await service.search_elements(session, q="wugong", limit=10)
            assert [version.identifier for version, _rank in found] == [FIRST]
            assert await session.scalar(select(func.count()).select_from(ElementSearchEntry)) == 2


class TestPlan:
    """At 100,000 elements no search walks through the registry (the planner is asked, not a stopwatch)."""

    @pytest.mark.parametrize("q", [None, "务工", "wgrs", "migrant wugong"])
    async def test_an_index_serves(self, database: Database, people: People, q: str | None) -> None:
        async with database.transaction() as session:
            await create_element(session, people, valid_from=date(2026, 1, 1))
        async with database.transaction() as session:
            with asked() as statements:
                await service.search_elements(session, q=q, facets={"steward": "human-resources"}, limit=100)
        async with database.engine.connect() as connection:
            for statement in statements:
                assert not await walked(connection, statement), statement.statement
