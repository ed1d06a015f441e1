"""Receipts: what they say to whom, and that nothing in them can be changed unseen."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.audit.chain import KEY_FILE, PublicKey, SigningKey
from hub.audit.models import AuditEventRow
from hub.kit import json
from hub.kit.db import Database
from hub.receipts import service as receipts
from hub.receipts.receipt import short_code
from hub.receipts.verifying import NoReceipt, Truth, compare, judge, read_receipt_file
from hub.settings import settings
from tests.exchange.factories import calling
from tests.people import People
from tests.receipts.conftest import Submitted, correct
from tests.site.reading import HTML, read, sign_in


def own_key() -> PublicKey | None:
    return PublicKey.find(settings().data_dir / KEY_FILE)


def truth(content: bytes) -> Truth:
    return judge(read_receipt_file(content), own_key()).truth


async def download(database: Database, people: People, number: str, name: str = "reporter_east") -> bytes:
    async with calling(database, people, name) as caller:
        answer = await caller.get(f"/api/v1/submissions/{number}/receipt")
        assert answer.status_code == 200, answer.text
        return answer.content


async def save_page(client: httpx.AsyncClient, number: str, name: str, language: str = "zh") -> bytes:
    await sign_in(client, name)
    answer = await client.get(f"/submissions/{number}", headers=HTML | {"accept-language": language})
    assert answer.status_code == 200
    return answer.content


def test_a_short_code_is_read_aloud_without_mistakes() -> None:
    code = short_code("0123456789abcdef" * 4)
    assert code == "04HM-ASW9"
    assert short_code("f" * 64) == "ZZZZ-ZZZZ"
    assert short_code("0123456788abcdef" * 4) != code


class TestDocument:
    async def test_proves_itself_with_its_content(
        self, database: Database, people: People, submitted: Submitted
    ) -> None:
        content = await download(database, people, submitted.number)
        document = json.loads(content)
        assert document["content"][0]["values"]["workers"] == 80
        assert "1.50" in content.decode() or "1.5" in content.decode()
        assert truth(content) == "true"

    async def test_an_inspectors_proves_itself_without_values(
        self, database: Database, people: People, submitted: Submitted
    ) -> None:
        content = await download(database, people, submitted.number, "auditor")
        assert "content" not in json.loads(content)
        assert truth(content) == "true"

    async def test_the_authority_leaves_a_trace(self, database: Database, people: People, submitted: Submitted) -> None:
        await download(database, people, submitted.number)
        await download(database, people, submitted.number, "auditor")
        await download(database, people, submitted.number, "registrar")
        async with database.transaction() as session:
            events = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "data_values.read"))
            assert [(one.actor_name, one.object_id) for one in events] == [("registrar", submitted.number)]

    async def test_another_township_has_none(self, database: Database, people: People, submitted: Submitted) -> None:
        async with calling(database, people, "reporter_west") as caller:
            for path in (f"/api/v1/submissions/{submitted.number}/receipt", "/api/v1/submissions/433124-0/receipt"):
                assert (await caller.get(path)).status_code == 404

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("head", "number"), "433124-2026-000999"),
            (("head", "submitted_by"), "somebody"),
            (("head", "submitted_at"), "2026-01-01T00:00:00Z"),
            (("head", "township_name"), "民乐镇"),
            (("head", "columns", 0, "label"), "女"),
            (("head", "rows", 0, "name"), "第9村"),
            (("head", "checksum"), "0" * 64),
            (("content", 0, "values", "workers"), 79),
            (("content", 1, "missing", "income"), "none"),
            (("content", 0, "division"), "433124102201"),
            (("signature",), "00" * 64),
            (("signature",), "no hex"),
        ],
    )
    async def test_whatever_is_altered_is_seen(
        self, database: Database, people: People, submitted: Submitted, path: tuple[Any, ...], value: Any
    ) -> None:
        document = json.loads(await download(database, people, submitted.number))
        place = document
        for step in path[:-1]:
            place = place[step]
        assert place[path[-1]] != value
        place[path[-1]] = value
        assert truth(json.dumps(document).encode()) == "altered"

    async def test_a_row_more_or_less_is_seen(self, database: Database, people: People, submitted: Submitted) -> None:
        document = json.loads(await download(database, people, submitted.number))
        for content in (document["content"][:-1], [*document["content"], document["content"][0]], [], None):
            assert truth(json.dumps({**document, "content": content}).encode()) == "altered"

    async def test_its_spelling_may_change(self, database: Database, people: People, submitted: Submitted) -> None:
        """A mail program or an editor may lay it out anew and put a mark before it: it says the same."""
        document = json.loads(await download(database, people, submitted.number))
        turned = dict(reversed(document.items()))
        assert truth(b"\xef\xbb\xbf  " + json.dumps(turned).replace(",", ",\n ").encode()) == "true"

    async def test_another_hubs_key_knows_nothing_of_it(
        self, database: Database, people: People, submitted: Submitted, tmp_path: Path
    ) -> None:
        receipt = read_receipt_file(await download(database, people, submitted.number))
        assert judge(receipt, SigningKey.load_or_create(tmp_path).public).truth == "unknown"
        assert judge(receipt, None).truth == "unknown"

    async def test_somebody_elses_signature_under_our_name_is_seen(
        self, database: Database, people: People, submitted: Submitted, tmp_path: Path
    ) -> None:
        document = json.loads(await download(database, people, submitted.number))
        forger = SigningKey.load_or_create(tmp_path)
        document["head"]["submitted_by"] = "forger"
        document["signature"] = forger.sign_document("receipt", json.canonical(document["head"]).encode()).hex()
        assert truth(json.dumps(document).encode()) == "altered"


class TestNoReceipt:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{}",
            b"[]",
            b'{"format": "collect-once-hub receipt 1"}',
            b'{"format": "collect-once-hub receipt 2", "head": {}, "key_id": "a", "signature": "b"}',
            b'{"format": "collect-once-hub receipt 1", "head": {"number": 1}, "key_id": "a", "signature": "b"}',
            b"<html><body>hello</body></html>",
            b'<script id="receipt-data">{}</script>',
            b"%PDF-1.4",
            b"\xff\xfe\x00",
            b'{"a": NaN}',
        ],
    )
    def test_is_told_from_an_altered_one(self, content: bytes) -> None:
        with pytest.raises((NoReceipt, json.MalformedJson)):
            read_receipt_file(content)


class TestPage:
    async def test_shows_what_was_submitted(self, client: httpx.AsyncClient, submitted: Submitted) -> None:
        await sign_in(client, "reporter_east")
        page = await read(client, f"/submissions/{submitted.number}")
        document = json.loads(page.within("script"))
        assert short_code(document["head"]["checksum"]) in page.within("dd")
        assert document["head"]["checksum"] in page.within("dd")
        assert "尚不掌握" in page.within("td")
        assert "填报人（签字）" in page.within(".signing")
        square = await client.get(f"/submissions/{submitted.number}/qr.svg", headers=HTML)
        assert square.headers["content-type"] == "image/svg+xml"
        assert b"<svg" in square.content

    @pytest.mark.parametrize("language", ["zh", "en"])
    @pytest.mark.parametrize("name", ["reporter_east", "registrar", "auditor"])
    async def test_saved_proves_itself(
        self, client: httpx.AsyncClient, submitted: Submitted, name: str, language: str
    ) -> None:
        assert truth(await save_page(client, submitted.number, name, language)) == "true"

    async def test_a_saved_page_that_was_altered_is_seen(
        self, client: httpx.AsyncClient, database: Database, people: People, submitted: Submitted
    ) -> None:
        async with calling(database, people, "reporter_east") as reporter:
            number = await correct(reporter, submitted.collection)
        saved = (await save_page(client, number, "reporter_east")).decode()
        assert truth(saved.encode()) == "true"
        for old, new in (
            ("<td>81</td>", "<td>18</td>"),
            ("<td>81</td>", ""),
            ("<td>81</td>", "<td>81</td><td>81</td>"),
            ('<th scope="row">第1村民委员会</th>', '<th scope="row">第2村民委员会</th>'),
            ("漏报 &lt;一人&gt;</dd>", "无</dd>"),
            ("</dl>", "<dt>审核</dt><dd>已通过</dd></dl>"),
            ('"submitted_by":"reporter_east"', '"submitted_by":"nobody"'),
        ):
            assert old in saved, old
            assert truth(saved.replace(old, new, 1).encode()) == "altered", (old, new)

    async def test_says_that_it_was_superseded(
        self, client: httpx.AsyncClient, database: Database, people: People, submitted: Submitted
    ) -> None:
        async with calling(database, people, "reporter_east") as reporter:
            number = await correct(reporter, submitted.collection)
        await sign_in(client, "reporter_east")
        old = await read(client, f"/submissions/{submitted.number}")
        assert f"/submissions/{number}" in old.links
        assert "已被更正取代" not in (await read(client, f"/submissions/{number}")).text


class TestCompare:
    async def test_with_what_the_database_holds(self, database: Database, people: People, submitted: Submitted) -> None:
        receipt = read_receipt_file(await download(database, people, submitted.number))
        verdict = judge(receipt, own_key())

        async def compared() -> Truth:
            async with database.transaction() as session:
                held = await receipts.find_held(session, receipt.document["head"]["number"])
            return compare(verdict, receipt, held).truth

        assert await compared() == "true"
        async with calling(database, people, "reporter_east") as reporter:
            await correct(reporter, submitted.collection)
        assert await compared() == "superseded"

    async def test_what_is_not_there_or_is_another(
        self, database: Database, people: People, submitted: Submitted
    ) -> None:
        receipt = read_receipt_file(await download(database, people, submitted.number))
        verdict = judge(receipt, own_key())
        assert compare(verdict, receipt, None).truth == "unknown"
        async with database.transaction() as session:
            held = await receipts.find_held(session, submitted.number)
            assert held is not None
            session.expunge(held.submission)
        held.submission.submitted_at += timedelta(microseconds=1)
        assert compare(verdict, receipt, held).truth == "altered"

    @pytest.mark.parametrize("number", ["", "x", "433124", "999999-1", "43-1", "433124-' OR 1=1"])
    async def test_a_number_of_nothing(self, database: Database, people: People, number: str) -> None:
        async with database.transaction() as session:
            assert await receipts.find_held(session, number) is None
