"""Reads every file of the corpus as the server does, and says what it answered and how much its memory grew."""

import asyncio
import json
import resource
import sys
from dataclasses import replace
from pathlib import Path

from hub.kit.uploads.errors import UploadRefused
from hub.kit.uploads.limits import FORM_LIMITS
from hub.kit.uploads.reading import read_upload
from tests.kit.hostile.archives import workbook
from tests.kit.hostile.corpus import CORPUS

# A machine that is busy with other tests must not turn every answer into "too slow".
PATIENT = replace(FORM_LIMITS, wall_seconds=60)


def resident_kibibytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def answer(file: Path, filename: str) -> list[str | int]:
    try:
        upload = await read_upload(file, filename=filename, limits=PATIENT)
    except UploadRefused as refused:
        return [refused.code, refused.status, refused.detail]
    return ["read", 200, repr([sheet.cells.shape for sheet in upload.sheets])]


async def main(folder: Path) -> None:
    honest = folder / "honest"
    honest.write_bytes(workbook())
    await answer(honest, "a.xlsx")
    before = resident_kibibytes()
    answers = {file.name: await answer(folder / file.name, file.filename) for file in CORPUS}
    json.dump({"answers": answers, "grown_kibibytes": resident_kibibytes() - before}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
