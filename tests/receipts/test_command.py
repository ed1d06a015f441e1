"""`hub verify-receipt` without a database: the tests' data folder has a key and no cluster."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub import verifying
from hub.audit.chain import SigningKey
from hub.kit import json
from hub.kit.db import Database
from hub.receipts.verifying import NoReceipt
from hub.settings import settings
from tests.people import People
from tests.receipts.conftest import Submitted
from tests.receipts.test_receipt import download

app = typer.Typer()
verifying.add_commands(app)


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture
async def file(database: Database, people: People, submitted: Submitted, tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_bytes(await download(database, people, submitted.number))
    return path


def test_says_what_is_true(file: Path, submitted: Submitted) -> None:
    status, said = run("verify-receipt", file)
    assert status == 0
    assert "属实" in said
    assert submitted.number in said


def test_says_what_was_altered(file: Path) -> None:
    document = json.loads(file.read_bytes())
    document["content"][0]["values"]["workers"] += 1
    file.write_text(json.dumps(document), encoding="utf-8")
    status, said = run("verify-receipt", file)
    assert status == 3
    assert "已被改动" in said


def test_elsewhere_the_public_key_is_enough(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key.pem"
    status, pem = run("receipt-key")
    assert status == 0
    assert "PRIVATE" not in pem
    key.write_text(pem, encoding="utf-8")
    elsewhere = settings().model_copy(update={"data_dir": tmp_path / "empty"})
    monkeypatch.setattr(verifying, "settings", lambda: elsewhere)
    assert run("verify-receipt", file)[0] == 4
    assert run("verify-receipt", file, "--key", key)[0] == 0
    assert list(tmp_path.glob("empty/*")) == []
    with pytest.raises(verifying.NoKey):
        run("receipt-key")


def test_another_hubs_key_knows_nothing(file: Path, tmp_path: Path) -> None:
    SigningKey.load_or_create(tmp_path)
    status, said = run("verify-receipt", file, "--key", tmp_path / "audit-signing-key.pem")
    assert status == 4
    assert "另一把密钥" in said


def test_a_file_that_is_no_receipt(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("您好", encoding="utf-8")
    with pytest.raises(NoReceipt):
        run("verify-receipt", path)


def test_no_file_is_a_wrong_call(tmp_path: Path) -> None:
    assert run("verify-receipt", tmp_path / "no-such.json")[0] == 2
