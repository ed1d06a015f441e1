"""What can go wrong in a run. Every message is a sentence for the department's own people, so it is Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LISTED = 500  # a county's worth; a province whose unit is wrong would fill the log with one line a village
CURSOR_UNUSABLE = frozenset({400, 410, 422})


class ConnectorError(Exception):
    """An expected failure: the run ends, nothing is replaced, the sentence goes to the log and to the person."""


class SettingsFault(ConnectorError):
    pass


class PeriodFault(ConnectorError):
    pass


class HubUnreachable(ConnectorError):
    pass


class ReceiptNotFiled(ConnectorError):
    def __init__(self, reason: ConnectorError) -> None:
        super().__init__(f"报表和数据表已经写好，但回执没有送达枢纽，请重新运行以补送：{reason}")


class Stopped(ConnectorError):
    def __init__(self) -> None:
        super().__init__("收到停止信号，本次运行在等待中结束，下次运行接着做。")


class DeliveryParked(ConnectorError):
    def __init__(self, number: int, attempts: int, reason: str, connector: str) -> None:
        super().__init__(
            f"数据已取回，但交付 {attempts} 次都失败，已转入待补队列（编号 {number}）；排除故障后运行 "
            f"hub-connector replay {connector} {number} 补交：{reason}"
        )


class HubAnswerInvalid(ConnectorError):
    """The hub's answer is not what CONTRACT.md promises. Input from outside is judged, never trusted."""


class HubRefused(ConnectorError):
    """A problem document (RFC 9457): its own sentence is passed on, because it names what is missing."""

    def __init__(self, status: int, code: str, detail: str, faults: Sequence[str] = ()) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        listed = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(f"枢纽拒绝了请求（{status} {code}）：{detail}{listed}")

    @property
    def is_cursor_unusable(self) -> bool:
        """410 is the promised answer; a cursor that the hub cannot even read is worth no more than an expired one."""
        return self.status in CURSOR_UNUSABLE


class AnotherRunFinished(ConnectorError):
    def __init__(self) -> None:
        super().__init__("同一连接器的另一次运行刚刚写入了数据，本次未写入任何内容，请重新运行。")


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where the result is not what the department's own form allows."""

    period: str
    division: str
    column: str
    rule: str
    value: str

    def __str__(self) -> str:
        where = f"{self.period} {self.division}".strip()
        return f"{where} “{self.column}”：值 {self.value} 不符合 {self.rule}"


class CheckFailed(ConnectorError):
    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        listed = "".join(f"\n  {violation}" for violation in self.violations[:MOST_LISTED])
        others = len(self.violations) - MOST_LISTED
        more = f"\n  另有 {others} 处没有列出。" if others > 0 else ""
        super().__init__(f"数据不符合本部门表式，共 {len(self.violations)} 处，文件未替换，游标未移动：{listed}{more}")
