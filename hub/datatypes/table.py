"""Which kinds of value there are: the next kind is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from hub.datatypes.boolean import Boolean
from hub.datatypes.code import Code
from hub.datatypes.datatype import Datatype
from hub.datatypes.date import Date
from hub.datatypes.decimal import Decimal
from hub.datatypes.domain import DomainFault, Value, ValueDomain
from hub.datatypes.integer import Integer
from hub.datatypes.text import Text
from hub.kit.i18n import gettext as _

DATATYPES: Mapping[str, Datatype] = MappingProxyType(
    {datatype.name: datatype for datatype in (Integer(), Decimal(), Boolean(), Text(), Code(), Date())}
)


def parse(raw: object, domain: ValueDomain) -> Value:
    """The typed value, or ValueFault."""
    return DATATYPES[domain.datatype].parse(raw, domain)


def to_wire(value: Value, domain: ValueDomain) -> Value:
    return DATATYPES[domain.datatype].to_wire(value)


def json_schema(domain: ValueDomain) -> dict[str, object]:
    return DATATYPES[domain.datatype].json_schema(domain)


def is_narrower(old: ValueDomain, new: ValueDomain) -> bool:
    """Whether readers and writers of `old` can be broken by `new`; another datatype always breaks them."""
    return old.datatype != new.datatype or DATATYPES[old.datatype].is_narrower(old, new)


def check_domain(domain: ValueDomain) -> list[DomainFault]:
    datatype = DATATYPES.get(domain.datatype)
    if datatype is None:
        known = "、".join(DATATYPES)
        return [DomainFault("datatype", _("类型必须是{known}之一").format(known=known))]
    return datatype.check_domain(domain)
