"""Which form a file is, for which period, and where in it the table stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.capture.opening import COLLECTED_OBJECT_CLASSES
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.forms.names import form_code
from hub.geography.levels import CODE_LENGTHS, Level
from hub.imports.errors import FileRefused
from hub.imports.layout import (
    Headed,
    KnownForm,
    Layout,
    find_heading,
    fitting_forms,
    lay_out,
    read_period,
    stated_periods,
)
from hub.imports.names import names_of
from hub.imports.problems import FileProblem, listed
from hub.imports.table import FileTable, read_table
from hub.kit.i18n import gettext as _
from hub.kit.uploads.places import cell_name, column_letters
from hub.kit.uploads.reading import Upload, UploadedSheet
from hub.registry import service as registry


@dataclass(frozen=True)
class Asked:
    """What the caller said of the file; None: the file says it itself."""

    form: str | None
    period: Period | None


@dataclass(frozen=True)
class Recognised:
    """`problems`: what is wrong with the columns when the form is this version of it."""

    form: FormContent
    period: Period
    sheet: UploadedSheet
    headed: Headed
    layout: Layout
    table: FileTable
    problems: Sequence[FileProblem] = ()


def level_of(object_class: str) -> Level:
    return "township" if object_class == "township" else "village"


async def load_forms(session: AsyncSession) -> dict[str, FormContent]:
    """The newest published version of every form that townships fill in."""
    found = {}
    for object_class, period_type in await registry.list_object_classes(session):
        if object_class in COLLECTED_OBJECT_CLASSES:
            code = form_code(object_class, period_type)
            newest = await forms.find_newest(session, code)
            if newest is not None:
                found[code] = newest
    return found


async def known_form(session: AsyncSession, form: FormContent) -> KnownForm:
    """A form with every spelling of its elements that means one of them only; a name goes before an alias."""
    versions = await registry.get_versions(session, list(form.versions.items()))
    aliases = {version.identifier: version.aliases for version in versions}
    names = names_of([field.spec for field in form.fields], aliases)
    length = CODE_LENGTHS[level_of(form.object_class)]
    return KnownForm(form.code, form.name, length, form.period_type, names)


@dataclass(frozen=True)
class FormsKnown:
    """The forms that a file may be, with their spellings."""

    published: Mapping[str, FormContent]
    known: Sequence[KnownForm]


async def forms_known(session: AsyncSession) -> FormsKnown:
    published = await load_forms(session)
    return FormsKnown(published, [await known_form(session, form) for form in published.values()])


def recognise(upload: Upload, asked: Asked, forms: FormsKnown) -> Recognised:
    """The table, read as the newest version of its form; `FileRefused` when it does not say what it is. CPU-bound.

    What its columns lack is told of the version that its period was opened with, which may be an older one.
    """
    headed = _one_table([found for sheet in upload.sheets for found in _headings(sheet, forms.known)])
    stated = stated_periods(headed)
    chosen = _one_form(headed, forms.known, asked.form, asked.period or (stated[0] if len(stated) == 1 else None))
    form = forms.published[chosen.code]
    sheet = next(sheet for sheet in upload.sheets if sheet.name == headed.sheet)
    layout, table, problems = _read_as(form, chosen, sheet, headed)
    period, fault = _one_period(asked.period, [*stated, *_column_periods(table)], table.periods, form)
    if fault is not None:
        problems.append(fault)
    if fault is not None or period is None or layout.division is None:
        raise FileRefused(*problems, form=form.code)
    return Recognised(form, period, sheet, headed, layout, table, problems)


async def read_again(session: AsyncSession, found: Recognised, form: FormContent) -> Recognised:
    """The same table, read as the version that the tasks of its period were opened with."""
    layout, table, problems = _read_as(form, await known_form(session, form), found.sheet, found.headed)
    return replace(found, form=form, layout=layout, table=table, problems=problems)


def _read_as(
    form: FormContent, known: KnownForm, sheet: UploadedSheet, headed: Headed
) -> tuple[Layout, FileTable, list[FileProblem]]:
    layout = lay_out(headed, known)
    table = read_table(headed.cells, layout, form.spec.by_identifier)
    problems = _layout_problems(form, sheet, layout, table)
    if not problems and not len(table):
        problems.append(FileProblem("table_empty", _("表头下面没有数据行。")))
    return layout, _captured_only(table, form), problems


def _headings(sheet: UploadedSheet, known: Sequence[KnownForm]) -> list[Headed]:
    """A hidden sheet holds lists for a workbook's own use."""
    found = None if sheet.is_hidden else find_heading(sheet.name, sheet.cells, known)
    return [] if found is None else [found]


def _one_table(found: Sequence[Headed]) -> Headed:
    if not found:
        message = _("没有找到表头：至少要有一行写着数据元的标识符或名称，并有一列“区划代码”。")
        raise FileRefused(FileProblem("table_not_found", message))
    if len(found) > 1:
        sheets = [headed.sheet for headed in found]
        message = _("有 {count} 个工作表都像数据表，请只留一个。").format(count=len(found))
        raise FileRefused(FileProblem("tables_several", message, listed(sheets)))
    headed = found[0]
    if headed.others:
        rows = [_("第{row}行").format(row=row + 1) for row in (headed.heading.row, *headed.others)]
        message = _("一个工作表里有 {count} 个表头，请只留一个表。").format(count=len(rows))
        raise FileRefused(FileProblem("tables_several", message, listed(rows)))
    return headed


def _one_form(headed: Headed, known: Sequence[KnownForm], asked: str | None, period: Period | None) -> KnownForm:
    if asked is not None:
        form = next(form for form in known if form.code == asked)
        if headed.heading.matches.get(asked):
            return form
        alike = [f"{other.code} {other.name}" for other in known if headed.heading.matches.get(other.code)]
        message = _("这个文件不是“{name}”：表头里没有它的数据元。").format(name=form.name)
        raise FileRefused(FileProblem("form_mismatch", message, choices=listed(alike)))
    fitting = fitting_forms(headed, known, period) or fitting_forms(headed, known, None)
    if len(fitting) == 1:
        return fitting[0]
    choices = [f"{form.code} {form.name}" for form in fitting or known]
    message = _("看不出是哪一张表，请用 form 指明。")
    raise FileRefused(FileProblem("form_ambiguous", message, choices=listed(choices)))


def _column_periods(table: FileTable) -> list[Period]:
    found = (read_period(text) for text in table.periods)
    return [period for period in found if period is not None]


def _one_period(
    asked: Period | None, stated: Sequence[Period], spelled: Sequence[str], form: FormContent
) -> tuple[Period | None, FileProblem | None]:
    """What was asked for and what the file says must be one and the same."""
    unreadable = [text for text in spelled if read_period(text) is None]
    if unreadable:
        message = _("报告期写法不对，应如2026、2026-S2、2026-Q4、2026-11。")
        return None, FileProblem("period_not_valid", message, listed(unreadable))
    named = list(dict.fromkeys(stated))
    told = [str(period) for period in named]
    if len(named) > 1 and asked not in named:
        return None, FileProblem("periods_several", _("文件里有多个报告期，一次只能导入一期。"), listed(told))
    if len(set(spelled)) > 1:
        return None, FileProblem("periods_several", _("文件里有多个报告期，一次只能导入一期。"), listed(spelled))
    period = asked or (named[0] if named else None)
    if period is None:
        return None, FileProblem("period_unknown", _("文件没有写明报告期，请用 period 指明。"))
    if named and period not in named:
        message = _("指明的报告期是 {asked}，文件写的是 {told}。").format(asked=period, told="、".join(told))
        return None, FileProblem("period_mismatch", message, listed(told))
    if period.type != form.period_type:
        message = _("报告期“{period}”的长短与表“{form}”不符。").format(period=period, form=form.code)
        return None, FileProblem("period_wrong_type", message)
    return period, None


def _layout_problems(form: FormContent, sheet: UploadedSheet, layout: Layout, table: FileTable) -> list[FileProblem]:
    problems = []
    if layout.division is None:
        message = _("没有“区划代码”列：每行要写12位村代码或9位乡镇代码。")
        problems.append(FileProblem("division_column_missing", message))
    unknown = layout.of("unknown")
    if unknown:
        places = [f"{column_letters(column.number)} {column.heading[:40]}" for column in unknown]
        message = _("有 {count} 列不认识：不是表“{form}”的数据元，或括号里的单位与登记的不同。请改名或删去。").format(
            count=len(unknown), form=form.name
        )
        problems.append(FileProblem("column_unknown", message, listed(places)))
    repeated = layout.repeated()
    if repeated:
        places = [f"{column_letters(column.number)} {column.heading[:40]}" for column in repeated]
        message = _("有 {count} 列重复：同一个数据元只能有一列。").format(count=len(repeated))
        problems.append(FileProblem("column_repeated", message, listed(places)))
    absent = [f for f in form.captured if f.spec.required and f.identifier not in layout.values]
    if absent:
        places = [f"{field.identifier} {field.spec.name}" for field in absent]
        message = _("缺少 {count} 列必填的数据元。").format(count=len(absent))
        problems.append(FileProblem("column_missing", message, listed(places)))
    return problems + _shape_problems(sheet, layout, table)


def _shape_problems(sheet: UploadedSheet, layout: Layout, table: FileTable) -> list[FileProblem]:
    """Cells that are one to the eye and several to a program, and columns that nobody sees."""
    problems = []
    used = {*layout.values.values(), *layout.reasons.values()} | {layout.division}
    merged = [
        f"{cell_name(top, left)}:{cell_name(bottom, right)}"
        for (top, left), (bottom, right) in sheet.merged
        if bottom > layout.head_row and any(left <= column <= right for column in used if column is not None)
    ]
    if merged and len(table):
        message = _("数据区有 {count} 处合并单元格，请先拆开。").format(count=len(merged))
        problems.append(FileProblem("cells_merged", message, listed(merged)))
    hidden = [number for number in layout.values.values() if number in sheet.hidden_columns]
    if hidden:
        message = _("有 {count} 个数据列被隐藏，请显示或删去后再上传。").format(count=len(hidden))
        problems.append(FileProblem("column_hidden", message, listed([column_letters(n) for n in hidden])))
    return problems


def _captured_only(table: FileTable, form: FormContent) -> FileTable:
    """What the hub computes and what departments supply is not taken from a file, as it is not typed either."""
    captured = {field.identifier for field in form.captured}
    return replace(
        table,
        cells=table.cells.select(name for name in table.cells.columns if name in captured),
        missing=table.missing.select(name for name in table.missing.columns if name in captured),
    )
