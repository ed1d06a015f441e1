"""Every table, for the migrations: importing this module fills `Base.metadata`."""

from hub.audit import models as audit
from hub.calendar import models as calendar
from hub.capture import models as capture
from hub.delegations import models as delegations
from hub.exchange import models as exchange
from hub.forms import models as forms
from hub.geography import models as geography
from hub.grants import models as grants
from hub.identity import models as identity
from hub.imports import models as imports
from hub.kit import idempotency, jobs, limits
from hub.kit.db import Base
from hub.registry import models as registry
from hub.remarks import models as remarks
from hub.store import models as store

__all__ = [
    "Base",
    "audit",
    "calendar",
    "capture",
    "delegations",
    "exchange",
    "forms",
    "geography",
    "grants",
    "idempotency",
    "identity",
    "imports",
    "jobs",
    "limits",
    "registry",
    "remarks",
    "store",
]
