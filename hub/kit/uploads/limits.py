"""How much of an upload is looked at. Known to both sides of the pipe, so nothing but the standard library."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class UploadLimits:
    """`cells`: rows times columns over all sheets, because that is what a reader allocates.

    `cpu_seconds` is the limit that a hostile file meets. `wall_seconds` ends a child that does not compute at all;
    it is wider, so that on a busy machine (the last day of a month) no honest file is called too slow.
    """

    bytes: int
    unpacked_bytes: int
    parts: int
    rows: int
    columns: int
    cells: int
    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float


# A township's workbook: dozens of villages, a hundred elements, drawn wide (RELIABILITY.md REL-S5).
FORM_LIMITS = UploadLimits(
    bytes=10 * MEBIBYTE,
    unpacked_bytes=50 * MEBIBYTE,
    parts=200,
    rows=5_000,
    columns=200,
    cells=1_000_000,
    memory_bytes=1024 * MEBIBYTE,
    cpu_seconds=3,
    wall_seconds=15,
)

# A province's file: 60,000 villages wide as xlsx, 700,000 of the country's as csv.
IMPORT_LIMITS = UploadLimits(
    bytes=200 * MEBIBYTE,
    unpacked_bytes=1024 * MEBIBYTE,
    parts=400,
    rows=1_000_000,
    columns=200,
    cells=50_000_000,
    memory_bytes=4096 * MEBIBYTE,
    cpu_seconds=150,
    wall_seconds=600,
)
