"""What a caller asks of `GET /data-totals`: the question of `GET /data-values`, and up to which level."""

from hub.exchange.questions import QuestionInvalid, ValueQuestion, read_question
from hub.geography.levels import CODE_LENGTHS, LEVELS, Level
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

# What is added up: a village's own figures are read as values.
SUMMED: tuple[Level, ...] = LEVELS[: LEVELS.index("township") + 1]


def read_totals_question(
    *,
    elements: str | None,
    period: str | None,
    division: str | None,
    by: str | None,
    object_class: str | None,
    provisional: bool = False,
) -> tuple[ValueQuestion, Level | None]:
    """The question in typed form. Raises `QuestionInvalid` with every fault."""
    faults: list[ErrorItem] = []
    level = next((one for one in SUMMED if one == by), None)
    if by is not None and level is None:
        message = _("by 可以是 {levels}。").format(levels="、".join(SUMMED))
        faults.append(ErrorItem("query:/by", "level_unknown", message))
    question = None
    try:
        question = read_question(
            elements=elements,
            period=period,
            division=division,
            as_of=None,
            object_class=object_class,
            provisional=provisional,
        )
    except QuestionInvalid as refused:
        faults = [*refused.errors, *faults]
    if division is not None and level is not None and len(division) > CODE_LENGTHS[level]:
        message = _("区划 {division} 比 {by} 小，不能合计到这一级。").format(division=division[:12], by=level)
        faults.append(ErrorItem("query:/by", "level_above_division", message))
    if question is None or faults:
        raise QuestionInvalid(_("查询参数有 {count} 处错误。").format(count=len(faults)), errors=faults)
    return question, level


def level_of_code(code: str) -> Level:
    """A code says its level by its length; one of no level counts as the smallest."""
    return next((level for level in LEVELS if CODE_LENGTHS[level] >= len(code)), "village")
