"""The words that head a file's columns, as departments and townships write them. Data, in Chinese like the files."""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

# What names the division of a row. A name alone never does: 52 townships of one prefecture share theirs.
DIVISION = frozenset(
    {
        "division",
        "divisioncode",
        "code",
        "代码",
        "区划代码",
        "区划编码",
        "行政区划代码",
        "统计用区划代码",
        "地区代码",
        "村代码",
        "村社区代码",
        "行政村代码",
        "乡镇代码",
        "乡镇街道代码",
    }
)
PERIOD = frozenset({"period", "报告期", "统计期", "数据期", "填报期", "报告期别"})
# What stands beside the figures for people, and is neither a figure nor its place.
PASSED_OVER = frozenset(
    {
        "name",
        "divisionname",
        "township",
        "village",
        "备注",
        "序号",
        "编号",
        "名称",
        "区划名称",
        "单位",
        "单位名称",
        "县",
        "县市区",
        "乡镇",
        "乡镇街道",
        "乡镇名称",
        "村",
        "村名",
        "村社区",
        "村名称",
        "村社区名称",
        "行政村",
        "填报人",
        "填报单位",
        "填报日期",
        "联系电话",
    }
)
REASON_SUFFIXES = ("缺失原因", "missing")
REASONS: Mapping[str, str] = MappingProxyType(
    {"无": "none", "不适用": "not_applicable", "尚不掌握": "not_yet_known", "拒绝提供": "refused"}
)

_BRACKETS = re.compile(r"[(（【\[][^()（）【】\[\]]*[)）】\]]$")
_NOISE = re.compile(r"[\s_\-.:：、,，/／*＊()（）【】\[\]“”\"'‘’]+")


def plain(text: str) -> str:
    """One spelling of a heading: width, case, blanks and punctuation make no difference."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


def spellings(text: str) -> tuple[str, ...]:
    """A heading that is no element's, with and without what stands in brackets at its end (区划代码（12位）)."""
    folded = unicodedata.normalize("NFKC", text).strip()
    return tuple(dict.fromkeys(spelled for spelled in (plain(folded), plain(_BRACKETS.sub("", folded))) if spelled))
