"""One job of the child: detect, read, hand over."""

from pathlib import Path
from typing import Any

from hub.kit.uploads.csv_reading import read_csv
from hub.kit.uploads.detection import detect
from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.refusal import Refused
from hub.kit.uploads.workbook_reading import read_workbook


def read(job: dict[str, Any]) -> dict[str, Any]:
    """The answer for the pipe: what was read, or why not."""
    path, target, limits = Path(job["file"]), Path(job["target"]), UploadLimits(**job["limits"])
    try:
        with path.open("rb") as file:
            kind = detect(file, job["filename"])
        if kind == "xlsx":
            return {"kind": kind, "encoding": None, "sheets": read_workbook(path, limits, target)}
        encoding, sheets = read_csv(path, limits, target)
    except Refused as refusal:
        return {"refused": refusal.code, "facts": refusal.facts}
    except MemoryError:
        return {"refused": "upload_too_demanding", "facts": {}}
    except BaseException:  # noqa: BLE001 - the reader's own panics (pyo3) are no Exception
        return {"refused": "upload_not_readable", "facts": {}}
    return {"kind": kind, "encoding": encoding, "sheets": sheets}
