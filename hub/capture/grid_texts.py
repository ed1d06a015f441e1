"""Every sentence that the grid's script says: it has none of its own, so each is in the reader's language."""

from collections.abc import Mapping

from hub.kit.i18n import gettext as _


def grid_texts() -> Mapping[str, str]:
    return {**_cell_texts(), **_step_texts(), **_finding_texts(), **_sending_texts()}


def _cell_texts() -> Mapping[str, str]:
    """What is said of a cell, on the screen and to a screen reader."""
    return {
        "cell": _("{row} {column}"),
        "unit": _("（{unit}）"),
        "required": _("必填"),
        "optional": _("选填"),
        "value_empty": _("空"),
        "previous": _("上期 {value}"),
        "change": _("比上期 {change}"),
        "unchanged": _("同上期"),
        "locked": _("不能修改"),
        "not_asked": _("不涉及"),
        "mark_waiting": _("等待送出"),
        "mark_saved": _("已送达"),
        "mark_refused": _("没有被接受"),
        "mark_conflict": _("与他人的修改冲突"),
        "derived": _("自动计算或部门提供，不用填"),
        "choices": _("从列表中选，按 Alt+↓ 打开列表"),
        "error": _("错误："),
        "warning": _("提醒："),
        "returned": _("退回原因：{reason}"),
        "total": _("合计"),
        "range": _("选中 {rows} 行 {columns} 列"),
        "village": _("换一个村"),
        "village_before": _("上一个村"),
        "village_after": _("下一个村"),
        "has_value": _("有数"),
        "missing": _("没有数的原因"),
        "progress": _("已填 {filled}/{rows} 行，{percent}%"),
    }


def _step_texts() -> Mapping[str, str]:
    """What is said after a step over several cells."""
    return {
        "pasted": _("已粘贴 {count} 格。"),
        "outside": _("{count} 格超出表格，没有粘贴。"),
        "not_open": _("{count} 格不能修改，没有粘贴。"),
        "copied": _("已复制 {count} 格。"),
        "carried": _("已将 {count} 格填为上期的数，请核对有变化的地方。"),
        "nothing_to_carry": _("没有可以填入的上期数。"),
        "filled_down": _("已向下填充 {count} 格。"),
        "cleared": _("已清空 {count} 格。"),
        "undone": _("已撤销 {count} 格。"),
        "redone": _("已重做 {count} 格。"),
        "nothing_to_undo": _("没有可以撤销的操作。"),
        "nothing_to_redo": _("没有可以重做的操作。"),
        "is_locked": _("这一格不能修改。"),
    }


def _finding_texts() -> Mapping[str, str]:
    return {
        "title_errors": _("有错误："),
        "errors": _("有 {count} 处需要修改"),
        "warnings": _("有 {count} 处提醒，情况属实请说明原因"),
        "more": _("其余 {count} 处"),
        "reason": _("原因"),
        "valid": _("检查通过，没有发现问题，可以提交。"),
        "no_finding": _("没有需要修改的地方。"),
        "finding_place": _("第 {number}/{count} 处"),
        "previous_finding": _("上一处"),
        "next_finding": _("下一处"),
        "errors_left": _("{errors} 处错误，{warnings} 处提醒"),
    }


def _sending_texts() -> Mapping[str, str]:
    return {
        "saving": _("正在暂存……"),
        "saved": _("已暂存。暂存的内容不会被其他单位看到，提交后才生效。"),
        "checking": _("正在检查……"),
        "submitting": _("正在提交……"),
        "unreachable": _("现在连不上服务器，填写的内容还在本页，请稍后再试。"),
        "stale": _("您填写期间，本单位另有人保存了这张表，这次没有保存。请刷新本页，核对后再填。"),
        "leave": _("有内容还没有暂存。"),
        "loading": _("正在读取……"),
        "panel_unreachable": _("现在读不到这一格的说明，请稍后再试。"),
    }
