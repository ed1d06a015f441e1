"""A year's announcement: the days off and the weekends that are worked instead. Pure."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hub.calendar.deadlines import SATURDAY
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

COLUMNS = ("day", "is_working", "name")
_WORKING = {"true": True, "false": False}
FIRST_YEAR, LAST_YEAR = 1949, 9998
LONGEST_NAME = 50


@dataclass(frozen=True)
class AnnouncedDay:
    day: date
    is_working: bool
    name: str


def read_year(path: Path) -> list[AnnouncedDay]:
    """One of the files that the hub ships (`data/README.md`)."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            AnnouncedDay(date.fromisoformat(row["day"]), row["is_working"] == "true", row["name"])
            for row in csv.DictReader(file)
        ]


def read_announcement(path: Path) -> tuple[list[AnnouncedDay], list[ErrorItem]]:
    """A file in the shipped ones' form that an operator wrote, and everything in it that cannot be read."""
    days: list[AnnouncedDay] = []
    faults: list[ErrorItem] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            if missing := [column for column in COLUMNS if column not in (reader.fieldnames or ())]:
                message = _("缺少列：{columns}").format(columns="、".join(missing))
                return [], [ErrorItem("line:1", "column_missing", message)]
            for row in reader:
                try:
                    days.append(AnnouncedDay(date.fromisoformat(row["day"]), _WORKING[row["is_working"]], row["name"]))
                except ValueError:
                    message = _("必须是日期，例如 2026-11-22。")
                    faults.append(ErrorItem(f"line:{reader.line_num}", "day_not_valid", message))
                except KeyError:
                    message = _("is_working 必须是 true 或 false。")
                    faults.append(ErrorItem(f"line:{reader.line_num}", "is_working_not_valid", message))
    except UnicodeDecodeError:
        faults.append(ErrorItem("line:1", "encoding_not_utf_8", _("文件必须是 UTF-8 编码的 CSV")))
    return days, faults


def check_year(year: int, days: Sequence[AnnouncedDay], source: str) -> list[ErrorItem]:
    """Everything that is wrong with an announcement.

    An empty one is refused: no year is without a holiday, and a year once known is no longer warned of.
    """
    faults = []
    if not FIRST_YEAR <= year <= LAST_YEAR:
        faults.append(ErrorItem("path:/year", "year_out_of_range", _("年份不对。")))
    if not source.strip():
        faults.append(ErrorItem("/source", "source_missing", _("请写明依据的通知名称和文号。")))
    if not any(not day.is_working for day in days):
        faults.append(ErrorItem("/days", "days_missing", _("没有任何放假日，请录入完整的放假安排。")))
    first_at: dict[date, int] = {}
    for index, day in enumerate(days):
        faults.extend(_check_day(f"/days/{index}", year, day))
        if first_at.setdefault(day.day, index) != index:
            message = _("{day} 写了两次。").format(day=day.day.isoformat())
            faults.append(ErrorItem(f"/days/{index}/day", "day_duplicate", message))
    return faults


def _check_day(pointer: str, year: int, day: AnnouncedDay) -> list[ErrorItem]:
    faults = []
    if day.day.year != year:
        message = _("{day} 不在 {year} 年内。").format(day=day.day.isoformat(), year=year)
        faults.append(ErrorItem(f"{pointer}/day", "day_outside_year", message))
    if day.is_working and day.day.weekday() < SATURDAY:
        message = _("{day} 本来就是工作日，调休上班只能是周末。").format(day=day.day.isoformat())
        faults.append(ErrorItem(f"{pointer}/is_working", "day_working_already", message))
    if not day.name.strip() or len(day.name) > LONGEST_NAME:
        message = _("请写明节日名称，不超过 {limit} 字。").format(limit=LONGEST_NAME)
        faults.append(ErrorItem(f"{pointer}/name", "name_not_valid", message))
    return faults
