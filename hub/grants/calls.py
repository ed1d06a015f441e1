"""Ready-made calls for one grant: what a department's programmer copies. Real identifiers, never a secret. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.grants.forms_of import GrantedForm
from hub.kit.i18n import gettext as _

SECRET = "HUB_CLIENT_SECRET"  # noqa: S105 - the name of a variable
# The connectors that come with the hub; others are written after their example.
CONNECTORS = frozenset({"human-resources", "poverty-relief", "civil-affairs"})


_CURL = """\
# {secret_hint}
export HUB_CLIENT_ID='{client}' {secret}='…'
TOKEN=$(curl --fail-with-body -sS -u "$HUB_CLIENT_ID:${secret}" \\
  -d grant_type=client_credentials -d scope={number} \\
  {address}/oauth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl --fail-with-body -sS -G {address}/api/v1/data-values \\
  -H "Authorization: Bearer $TOKEN" -H 'Accept: text/csv' \\
  --data-urlencode elements={elements} \\
  {asked} \\
  -o {number}-{period}.csv"""

_PYTHON = """\
from os import environ

import httpx

ELEMENTS = [
{elements}]
with httpx.Client(base_url="{address}", timeout=60) as hub:
    token = hub.post(
        "/oauth/token",
        auth=(environ["HUB_CLIENT_ID"], environ["{secret}"]),  # {client}
        data={{"grant_type": "client_credentials", "scope": "{number}"}},
    ).raise_for_status().json()["access_token"]
    hub.headers["Authorization"] = f"Bearer {{token}}"
    answer = hub.get(
        "/api/v1/data-values",
        params={{
            "elements": ",".join(ELEMENTS),
            "object_class": "{object_class}",
            "period": "{period}",
            "limit": 1000,
        }},
    ).raise_for_status()
    page = answer.json()
    rows = page["items"]
    while page["next"]:
        page = hub.get(answer.url.copy_merge_params({{"after": page["next"]}})).raise_for_status().json()
        rows += page["items"]
    # {changes_hint}
    cursor = answer.headers["Hub-Cursor"]
    changes = hub.get("/api/v1/changes", params={{"after": cursor}}).raise_for_status().json()"""

_CONNECTOR = """\
HUB_URL={address}
HUB_CLIENT_ID={client}
{secret}=…
CONNECTOR_DATABASE_URL=sqlite:///hub-connector.sqlite

# {run_hint}
hub-connector run {name} --period {period} --out reports
hub-connector run {name} --every 1d --changes --out reports"""


@dataclass(frozen=True)
class Call:
    """A text to copy. `identifier` names it on its page."""

    identifier: str
    title: str
    about: str
    text: str

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


@dataclass(frozen=True)
class CallFacts:
    """`address`: of the hub, without a path; `client`: the program's id, a placeholder when there is none yet."""

    address: str
    number: str
    client: str
    form: GrantedForm
    period: str


def ready_calls(facts: CallFacts) -> tuple[Call, ...]:
    return (
        Call("curl", "curl", _("在命令行里取一期数据，存成 CSV。"), _curl(facts)),
        Call("python", "Python (httpx)", _("在程序里取数，再取变更。"), _python(facts)),
        Call("connector", "hub-connector", _("用现成的连接器，直接写成本单位的报表和数据表。"), _connector(facts)),
    )


def _parameters(facts: CallFacts) -> Sequence[tuple[str, str]]:
    return (("object_class", facts.form.object_class), ("period", facts.period))


def _curl(facts: CallFacts) -> str:
    asked = " \\\n  ".join(f"--data-urlencode {name}={value}" for name, value in _parameters(facts))
    return _CURL.format(
        secret_hint=_("密钥由数据局发放一次，请放在环境变量里，不要写进脚本。"),
        client=facts.client,
        secret=SECRET,
        number=facts.number,
        address=facts.address,
        elements=",".join(facts.form.elements),
        asked=asked,
        period=facts.period,
    )


def _python(facts: CallFacts) -> str:
    return _PYTHON.format(
        elements="".join(f'    "{identifier}",\n' for identifier in facts.form.elements),
        address=facts.address,
        secret=SECRET,
        client=facts.client,
        number=facts.number,
        object_class=facts.form.object_class,
        period=facts.period,
        changes_hint=_("以后只取变更：每次从上一次的 next 接着取，不会漏，也不会重。"),
    )


def _connector(facts: CallFacts) -> str:
    return _CONNECTOR.format(
        address=facts.address,
        client=facts.client,
        secret=SECRET,
        name=facts.client if facts.client in CONNECTORS else "NAME",
        period=facts.period,
        run_hint=_("先取一整期，以后每天取变更；连接器用本单位全部有效的授权。"),
    )
