from collections.abc import Sequence

from hub.kit.errors import Conflict, ErrorItem, Forbidden, NotFound, Unprocessable
from hub.kit.i18n import gettext as _
from hub.registry.breaking import Break


class DataElementNotFound(NotFound):
    code = "data_element_not_found"

    def __init__(self, identifier: str) -> None:
        super().__init__(_("没有数据元“{identifier}”。").format(identifier=identifier[:80]))


class CodeListNotFound(NotFound):
    code = "code_list_not_found"

    def __init__(self, identifier: str) -> None:
        super().__init__(_("没有代码表“{identifier}”。").format(identifier=identifier[:80]))


class RuleNotFound(NotFound):
    code = "rule_not_found"

    def __init__(self, identifier: str) -> None:
        super().__init__(_("没有校验规则“{identifier}”。").format(identifier=identifier[:80]))


class VersionNotFound(NotFound):
    code = "version_not_found"

    def __init__(self, identifier: str, version: int) -> None:
        super().__init__(_("{identifier} 没有第 {version} 版。").format(identifier=identifier[:80], version=version))


class IdentifierTaken(Conflict):
    code = "identifier_taken"

    def __init__(self, identifier: str) -> None:
        super().__init__(_("标识符“{identifier}”已被使用；要修改请登记新版本。").format(identifier=identifier))


class DefinitionInvalid(Unprocessable):
    """What was proposed cannot be; every fault is told at once."""

    code = "definition_not_valid"

    def __init__(self, errors: Sequence[ErrorItem]) -> None:
        super().__init__(_("登记内容有 {count} 处错误。").format(count=len(errors)), errors=errors)


class NothingChanged(Conflict):
    code = "nothing_changed"

    def __init__(self) -> None:
        super().__init__(_("与现有版本相同，没有登记新版本。"))


class BreakingChange(Conflict):
    """Refused until it is said that breaking is meant."""

    code = "breaking_change"

    def __init__(self, breaks: Sequence[Break], *, prefix: str = "") -> None:
        reasons = "；".join(dict.fromkeys(found.message for found in breaks))
        super().__init__(
            _("这是不兼容的修改：{reasons}。确需修改，请注明 breaking: true，已获授权的部门须重新同意。").format(
                reasons=reasons
            ),
            errors=[ErrorItem(prefix + found.pointer, found.code, found.message) for found in breaks],
        )


class RegistrationEnded(Conflict):
    """Superseded and retired definitions stay readable, and nothing is added to them."""

    code = "registration_ended"


class StatusMoveRefused(Conflict):
    code = "status_move_not_possible"


class OwnProposal(Forbidden):
    code = "own_proposal"

    def __init__(self) -> None:
        super().__init__(_("不能核准自己提出的内容，请由另一人核准。"))


class NotSteward(Forbidden):
    code = "not_steward"

    def __init__(self) -> None:
        super().__init__(_("只有该数据元的管理单位或登记机构可以改变它的登记状态。"))


class NotQualifiable(Unprocessable):
    """Something is missing without which nobody could answer for the element."""

    code = "not_qualifiable"

    def __init__(self, errors: Sequence[ErrorItem]) -> None:
        super().__init__(_("还缺 {count} 项，不能核准。").format(count=len(errors)), errors=errors)


class SchemaRefused(Conflict):
    """The files would break what is registered; nothing of them was taken over."""

    code = "breaking_change"


class PlanMoved(Conflict):
    """The registry changed between the plan that was shown and its confirmation."""

    code = "plan_moved"

    def __init__(self) -> None:
        super().__init__(_("核对之后登记册又有变化，没有导入任何内容。请按新的清单重新核对。"))


class NotExportable(Conflict):
    """It says less than a file must."""

    code = "not_exportable"
