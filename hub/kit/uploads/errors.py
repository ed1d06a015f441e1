"""What a person is told of a file that was not read: always why, and mostly what to do."""

from collections.abc import Callable, Mapping

from hub.kit.errors import HubError
from hub.kit.i18n import gettext as _
from hub.kit.uploads.refusal import Refused


class UploadRefused(HubError):
    """A file that is not read. Nothing of its content is in the sentence, only what it is and where."""

    status = 422
    code = "upload_not_readable"

    def __init__(self, detail: str, *, status: int, code: str) -> None:
        super().__init__(detail)
        # One class, one code for each reason: what may be wrong with a file is a list, not a hierarchy.
        self.status = status  # type: ignore[misc]
        self.code = code  # type: ignore[misc]


_REASONS: Mapping[str, tuple[int, Callable[[], str]]] = {
    "upload_empty": (422, lambda: _("文件是空的。")),
    "upload_too_large": (413, lambda: _("文件太大：最多 {limit} MB。")),
    "upload_unpacks_too_large": (413, lambda: _("文件解压后太大：最多 {limit} MB，可能是压缩炸弹，没有读取。")),
    "upload_too_many_parts": (413, lambda: _("工作簿内部的文件太多：最多 {limit} 个。")),
    "upload_too_many_rows": (413, lambda: _("工作表的行太多：最多 {limit} 行。请删去下方多余的行后重新保存。")),
    "upload_too_many_columns": (413, lambda: _("工作表的列太多：最多 {limit} 列。请删去右侧多余的列后重新保存。")),
    "upload_too_many_cells": (413, lambda: _("各工作表的单元格合计太多：最多 {limit} 个。")),
    "upload_far_cell": (
        413,
        lambda: _("单元格 {cell} 超出允许的范围（最多 {rows} 行、{columns} 列）。请清除该单元格后重新保存。"),
    ),
    "upload_line_too_long": (413, lambda: _("第 {line} 行太长：一行最多 {limit} KB。请检查引号和换行。")),
    "upload_cell_too_long": (413, lambda: _("第 {line} 行开始的一个单元格太长，可能是引号没有成对。")),
    "upload_too_slow": (413, lambda: _("读取文件用时超过上限，没有读取。请检查文件是否过大或已损坏。")),
    "upload_too_demanding": (413, lambda: _("读取文件所需内存超过上限，没有读取。请检查文件是否过大或已损坏。")),
    "upload_is_old_excel": (
        415,
        lambda: _("这是旧版 Excel（.xls）文件，请用 Excel 或 WPS 打开，另存为 .xlsx 后再上传。"),
    ),
    "upload_is_binary_excel": (415, lambda: _("这是二进制工作簿（.xlsb），请另存为 .xlsx 后再上传。")),
    "upload_encrypted": (415, lambda: _("文件有密码，无法读取。请取消打开密码后重新保存。")),
    "upload_kind_not_supported": (415, lambda: _("这是{kind}，不是 .xlsx 工作簿或 .csv 文件。")),
    "upload_kind_unknown": (415, lambda: _("认不出这是什么文件。请上传 .xlsx 工作簿或 .csv 文件。")),
    "upload_wrong_extension": (
        415,
        lambda: _("文件名与内容不符：内容是 {content}，后缀却是 {extension}。请用 Excel 或 WPS 打开后另存。"),
    ),
    "upload_has_no_extension": (415, lambda: _("文件名没有后缀。内容像是 {content}，请改好文件名再上传。")),
    "upload_has_macros": (415, lambda: _("工作簿含有宏，为安全起见不读取。请另存为不含宏的 .xlsx。")),
    "upload_has_external_links": (
        415,
        lambda: _("工作簿链接了外部文件或数据，为安全起见不读取。请断开链接后重新保存。"),
    ),
    "upload_has_embedded_objects": (415, lambda: _("工作簿嵌入了其他对象，为安全起见不读取。请删除嵌入的对象。")),
    "upload_has_nested_archive": (415, lambda: _("工作簿内部还套着压缩文件，为安全起见不读取。")),
    "upload_archive_damaged": (
        422,
        lambda: _("工作簿的压缩结构已损坏或被改动过，没有读取。请用 Excel 或 WPS 打开后另存。"),
    ),
    "upload_declares_entities": (422, lambda: _("工作簿内部含有实体声明（DTD），为安全起见不读取。")),
    "upload_xml_encoding": (422, lambda: _("工作簿内部的编码不是 UTF-8，没有读取。请用 Excel 或 WPS 打开后另存。")),
    "upload_has_no_sheet": (422, lambda: _("工作簿里没有工作表。")),
    "upload_not_readable": (422, lambda: _("文件已损坏，无法读取。请用 Excel 或 WPS 打开后另存。")),
    "upload_contains_nul": (422, lambda: _("文件中含有空字符（NUL），不是正常的表格文件。")),
    "upload_is_utf16": (415, lambda: _("文件编码是 UTF-16。请另存为“CSV UTF-8（逗号分隔）”后再上传。")),
    "upload_mixed_encodings": (
        422,
        lambda: _("文件混用了多种编码，第 {line} 行与其他行不一致。请统一另存为“CSV UTF-8（逗号分隔）”。"),
    ),
    "upload_encoding_unknown": (
        422,
        lambda: _("第 {line} 行既不是 UTF-8 也不是 GB18030 编码。请另存为“CSV UTF-8（逗号分隔）”后再上传。"),
    ),
    "upload_quote_not_closed": (422, lambda: _("第 {line} 行的引号没有成对，无法分清单元格。")),
}


_KINDS: Mapping[str, Callable[[], str]] = {
    "archive": lambda: _("压缩文件"),
    "database": lambda: _("数据库文件"),
    "image": lambda: _("图片"),
    "mail": lambda: _("邮件"),
    "numbers": lambda: _("Numbers 表格"),
    "opendocument": lambda: _("OpenDocument 文档（.ods 等）"),
    "parquet": lambda: _("Parquet 文件"),
    "pdf": lambda: _("PDF 文件"),
    "powerpoint": lambda: _("PowerPoint 文档"),
    "program": lambda: _("程序"),
    "web_page": lambda: _("网页（有的系统把网页存成 .xls）"),
    "word": lambda: _("Word 文档"),
    "xml": lambda: _("XML 文件"),
    "xml_spreadsheet": lambda: _("XML 表格（Excel 2003）"),
}


def upload_refused(refusal: Refused) -> UploadRefused:
    """The sentence in the caller's language. A code nobody knows is a damaged file to the one who sent it."""
    code = refusal.code if refusal.code in _REASONS else "upload_not_readable"
    status, sentence = _REASONS[code]
    facts = dict(refusal.facts)
    if "kind" in facts:
        facts["kind"] = _KINDS[str(facts["kind"])]()
    return UploadRefused(sentence().format(**facts), status=status, code=code)
