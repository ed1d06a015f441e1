"""`hub verify-receipt` and `hub receipt-key`: papers held against the hub's key and, if there is one, its database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.audit.chain import KEY_FILE, PublicKey
from hub.commands import with_database
from hub.kit.db import Database
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _
from hub.kit.installation import has_database
from hub.receipts import service as receipts
from hub.receipts.service import HeldSubmission
from hub.receipts.verifying import ReadReceipt, Truth, compare, judge, read_receipt_file
from hub.settings import settings

# 1 and 2 are what every command says of a file that it can't read and of a wrong call.
STATUSES: dict[Truth, int] = {"true": 0, "altered": 3, "unknown": 4, "superseded": 5}


class NoKey(NotFound):
    code = "signing_key_not_found"


def verify_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the downloaded file, or the saved page")],
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="a public key (PEM); default: this hub's own")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="signature and checksum only; no database")] = False,
) -> None:
    """Say whether a receipt is true (0), altered (3), unknown (4), or superseded by a correction (5)."""
    receipt = read_receipt_file(file.read_bytes())
    verdict = judge(receipt, PublicKey.find(key or settings().data_dir / KEY_FILE))
    if verdict.truth == "true" and not offline and has_database(settings()):
        verdict = compare(verdict, receipt, _find_held(receipt))
    for sentence in verdict.sentences:
        typer.echo(sentence)
    sys.exit(STATUSES[verdict.truth])


def _find_held(receipt: ReadReceipt) -> HeldSubmission | None:
    async def find(database: Database) -> HeldSubmission | None:
        async with database.transaction() as session:
            return await receipts.find_held(session, receipt.document["head"]["number"])

    return with_database(find)


def print_receipt_key() -> None:
    """Print the public key by which others verify receipts of this hub without it."""
    key = PublicKey.find(settings().data_dir / KEY_FILE)
    if key is None:
        raise NoKey(_("本机没有平台的签名密钥。"))
    typer.echo(key.to_pem(), nl=False)


def add_commands(app: typer.Typer) -> None:
    app.command("verify-receipt")(verify_receipt)
    app.command("receipt-key")(print_receipt_key)
