"""The audit log's actions and objects as people say them: `resource.verb` is read word by word."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hub.audit.actions import AuditAction
from hub.kit.i18n import gettext as _

_Words = Mapping[str, Callable[[], str]]

RESOURCES: _Words = MappingProxyType(
    {
        "access": lambda: _("访问"),
        "access_grant": lambda: _("数据授权"),
        "account": lambda: _("账号"),
        "api_client": lambda: _("接口客户端"),
        "api_client_secret": lambda: _("客户端密钥"),
        "approval": lambda: _("审签"),
        "attachment": lambda: _("附件"),
        "audit_events": lambda: _("审计日志"),
        "audit_verification": lambda: _("审计核对"),
        "calendar_year": lambda: _("工作日历"),
        "cell": lambda: _("单元格"),
        "changes": lambda: _("数据变化"),
        "code_list": lambda: _("代码表"),
        "collection": lambda: _("填报任务"),
        "collections": lambda: _("开放的报告期"),
        "comment": lambda: _("意见"),
        "data_element": lambda: _("数据元"),
        "data_values": lambda: _("数据"),
        "data_totals": lambda: _("数据汇总"),
        "database": lambda: _("数据库"),
        "delegation": lambda: _("村里填报"),
        "delivery_receipt": lambda: _("送达回执"),
        "division": lambda: _("区划"),
        "divisions": lambda: _("区划"),
        "division_codes": lambda: _("区划代码"),
        "draft": lambda: _("草稿"),
        "exception": lambda: _("例外"),
        "flag": lambda: _("标记"),
        "form": lambda: _("表单"),
        "import": lambda: _("批量导入"),
        "job": lambda: _("后台任务"),
        "lock_exception": lambda: _("锁定的例外"),
        "object_class": lambda: _("对象类"),
        "openid": lambda: _("统一身份认证"),
        "organization": lambda: _("单位"),
        "password": lambda: _("密码"),
        "person": lambda: _("人员"),
        "receipt": lambda: _("回执"),
        "remark": lambda: _("意见"),
        "registry": lambda: _("登记册"),
        "route": lambda: _("接口或页面"),
        "rule": lambda: _("校验规则"),
        "schema": lambda: _("登记文件"),
        "second_factor": lambda: _("动态验证码"),
        "session": lambda: _("登录"),
        "sessions": lambda: _("登录"),
        "sign_in": lambda: _("登录"),
        "sign_off": lambda: _("审签"),
        "submission": lambda: _("提交"),
        "token": lambda: _("令牌"),
        "township": lambda: _("乡镇"),
        "township_workflow": lambda: _("乡镇流程"),
        "traffic": lambda: _("调用统计"),
        "usage": lambda: _("使用情况"),
    }
)
VERBS: _Words = MappingProxyType(
    {
        "add": lambda: _("添加"),
        "answer": lambda: _("答复"),
        "apply": lambda: _("应用"),
        "approve": lambda: _("同意"),
        "attach": lambda: _("附上"),
        "backup": lambda: _("备份"),
        "cancel": lambda: _("取消"),
        "change": lambda: _("修改"),
        "change_status": lambda: _("改变登记状态"),
        "choose": lambda: _("选择"),
        "clear": lambda: _("清除"),
        "close": lambda: _("关闭"),
        "confirm": lambda: _("绑定"),
        "create": lambda: _("新建"),
        "deliver": lambda: _("送达"),
        "disable": lambda: _("停用"),
        "enable": lambda: _("启用"),
        "end": lambda: _("结束"),
        "except": lambda: _("给予例外"),
        "export": lambda: _("导出"),
        "give": lambda: _("给出"),
        "grant": lambda: _("给予"),
        "hand_back": lambda: _("交回"),
        "import": lambda: _("导入"),
        "issue": lambda: _("发放"),
        "make": lambda: _("新建"),
        "open": lambda: _("打开"),
        "publish": lambda: _("发布"),
        "raise": lambda: _("提出"),
        "read": lambda: _("查看"),
        "receive": lambda: _("接收"),
        "record": lambda: _("登记"),
        "refuse": lambda: _("被拒绝"),
        "register": lambda: _("登记"),
        "remind": lambda: _("催报"),
        "remove": lambda: _("解除"),
        "renew_codes": lambda: _("更换恢复码"),
        "reopen": lambda: _("恢复"),
        "request": lambda: _("申请"),
        "reset": lambda: _("重置"),
        "resolve": lambda: _("办结"),
        "restore": lambda: _("恢复备份"),
        "retry": lambda: _("重新运行"),
        "return": lambda: _("退回"),
        "review": lambda: _("审核"),
        "revise": lambda: _("修订"),
        "revoke": lambda: _("撤销"),
        "run": lambda: _("立即运行"),
        "save": lambda: _("保存"),
        "settle": lambda: _("核定"),
        "sign": lambda: _("签字"),
        "store": lambda: _("写入"),
        "succeed": lambda: _("合并或更名"),
        "suspend": lambda: _("暂停"),
        "take_back": lambda: _("收回"),
        "unbind": lambda: _("解除绑定"),
        "update": lambda: _("修改"),
        "verify": lambda: _("核对"),
        "withdraw": lambda: _("撤回"),
        "write": lambda: _("写入"),
    }
)
# What an object may be of, for a search by its number alone.
OBJECT_TYPES = tuple(RESOURCES)


def resource_words(resource: str) -> str:
    known = RESOURCES.get(resource)
    return resource if known is None else known()


def action_words(action: str) -> str:
    """What has no word here is said as it is recorded."""
    resource, _dot, verb = action.partition(".")
    known = VERBS.get(verb)
    return action if known is None or resource not in RESOURCES else f"{resource_words(resource)} · {known()}"


def sorted_actions() -> list[tuple[str, str]]:
    return sorted(((action.value, action_words(action.value)) for action in AuditAction), key=lambda one: one[0])


_REASONS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "missing": lambda: _("缺少记录"),
        "altered": lambda: _("内容被改动"),
        "its head": lambda: _("签名不对"),
        "the chain": lambda: _("链条接不上签过名的位置"),
    }
)


def break_words(reason: str | None) -> str:
    """Why the chain does not hold; `hub audit verify` says it in more detail."""
    found = next((words for start, words in _REASONS.items() if (reason or "").startswith(start)), None)
    return found() if found is not None else ""
