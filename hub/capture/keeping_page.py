"""What the script that keeps and sends is told with the page: where the hub stands, and every sentence it says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hub.capture.desk import DraftView
from hub.capture.ledger import Explanations
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.json import format_instant


@dataclass(frozen=True)
class KeepingPayload:
    """`now`: the server's clock, by which the script tells a page that the device kept from a fresh one.

    `door`: to whom the form goes, the county or first the township's leader.
    """

    submission: str | None
    door: str
    saved_at: str | None
    now: str
    explanations: Mapping[str, Any]
    texts: Mapping[str, str]


def keeping_payload(view: DraftView) -> KeepingPayload:
    return KeepingPayload(
        submission=view.task.collection.submission,
        door="sign-off-request" if view.task.collection.wants_sign_off else "submission",
        saved_at=None if view.saved_at is None else format_instant(view.saved_at),
        now=format_instant(clock.now()),
        explanations=_wired(view.explanations),
        texts=keeping_texts(),
    )


def _wired(given: Explanations) -> Mapping[str, Any]:
    return {"reasons": [asdict(one) for one in given.confirmations], "reason": given.reason}


def keeping_texts() -> Mapping[str, str]:
    return {**_state_texts(), **_cell_texts(), **_session_texts(), **_outbox_texts()}


def _state_texts() -> Mapping[str, str]:
    """The save state in words."""
    return {
        "nothing_typed": _("没有未送出的内容"),
        "delivered": _("已送达 {at}"),
        "on_device": _("本机已存 · 排队 {count}"),
        "sending": _("本机已存 · 正在送出 {count} 格"),
        "offline": _("网络断开 · 本机已存 · 排队 {count}"),
        "offline_idle": _("网络断开 · 没有未送出的内容"),
        "retrying": _("暂时送不出去 · 本机已存 · 排队 {count}"),
        "storing": _("正在存到本机……"),
        "no_device": _("本机存不了 · 排队 {count}"),
        "no_device_delivered": _("本机存不了 · 已送达 {at}"),
        "conflicts": _("{count} 格与他人的修改冲突"),
        "refused": _("{count} 格没有被接受"),
        "unavailable": _(
            "这个浏览器不能在本机保存草稿（可能是无痕模式，或存储空间已满）。填写的内容仍会直接送到服务器，"
            "看到“已送达”之前请不要关闭本页。"
        ),
        "restored": _("已从本机恢复 {count} 格还没有送出的内容。"),
        "two_tabs": _("这张表在本机的另一个标签页中也打开着，两边的内容会保持一致。"),
        "kept_note": _("已存在本机，网络恢复后自动送出。"),
        "gone": _("这项填报任务已经打不开，可能不再由您的账号填报。本机存着的 {count} 格没有送出。"),
    }


def _cell_texts() -> Mapping[str, str]:
    """Conflicts and refusals, each at its cell."""
    return {
        "conflict_title": _("有 {count} 格您和他人填得不一样"),
        "conflict_place": _("{row} · {column}"),
        "mine": _("我填的"),
        "theirs": _("对方填的"),
        "keep_mine": _("用我填的"),
        "keep_theirs": _("用对方的"),
        "saved_by": _("{name} 于 {at} 保存"),
        "saved_elsewhere": _("他人保存"),
        "empty": _("空"),
        "merged": _("{name} 刚改了 {count} 格，已更新到本页。"),
        "merged_elsewhere": _("另一处刚改了 {count} 格，已更新到本页。"),
        "listed": _("{place}：{content}"),
        "refused_title": _("有 {count} 格没有被接受，改好后会再次送出"),
    }


def _session_texts() -> Mapping[str, str]:
    return {
        "other_person": _("现在登录的是 {name}，不是打开本页的人。本页停止送出，{count} 格未送出的内容仍存在本机。"),
        "other_person_again": _("请由 {user} 重新登录后继续；或者打开 {name} 自己的页面。"),
        "open_own": _("打开 {name} 的页面"),
        "sign_in_again": _("重新登录"),
        "unreachable": _("现在连不上服务器，请稍后再试。"),
        "submitted_elsewhere": _("这张表已经提交（回执 {number}）。本页是提交之前打开的，不再送出修改。"),
        "submitted_unsent": _(
            "本页还有 {count} 格没有送出，已存在本机。打开最新的页面后，可以选择用它们作更正，或者放弃。"
        ),
        "open_newest": _("打开最新的页面"),
        "read_receipt": _("查看回执"),
        "leftover": _("本机存着 {count} 格在提交之前没有送出的修改。"),
        "leftover_use": _("填入表中，作为更正"),
        "leftover_drop": _("放弃这些修改"),
    }


def _outbox_texts() -> Mapping[str, str]:
    return {
        "submit_waiting": _("已按下提交，网络恢复后自动提交，请不要关闭本页。"),
        "submit_cancel": _("先不提交"),
        "submit_conflicts": _("还没有提交：先处理与他人不一致的格子。"),
        "submit_refused": _("还没有提交：有 {count} 格没有被接受。"),
        "submit_changed": _("还没有提交：您按下提交之后，他人改动了这张表。请核对后重新提交。"),
        "submit_stopped": _("还没有提交，原因见上面的提示。"),
        "handed_on": _("已送出，等待下一步办理。"),
        "submitted": _("已提交，回执 {number}。正在打开回执……"),
        "submit_again": _("上次按下的提交没有成功：{detail}"),
    }
