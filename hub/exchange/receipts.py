"""What departments say they delivered (Order 809, art. 26: 使用状态)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import repository
from hub.exchange.errors import ReceiptInvalid
from hub.exchange.models import DeliveryReceipt
from hub.exchange.schemas import ReceiptCreate
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.settings import settings


async def record_receipt(session: AsyncSession, subject: Subject, receipt: ReceiptCreate) -> DeliveryReceipt:
    """Keep what a department says it delivered under a grant of its own (Order 809, art. 26)."""
    held = await grants.find_own_grant(session, subject, receipt.grant)
    if held is None:
        message = _("本单位没有编号为 {number} 的授权，或它不在本令牌的用途内。").format(number=receipt.grant[:40])
        raise ReceiptInvalid(message, errors=[ErrorItem("/grant", "grant_unknown", message)])
    row = DeliveryReceipt(
        area=settings().county,
        organization=subject.organization.code,
        client=subject.name,
        grant=held.number,
        period=receipt.period,
        rows=receipt.rows,
        sha256=receipt.sha256,
        file=receipt.file,
        recorded_at=clock.now(),
    )
    repository.add(session, row)
    await session.flush()
    await audit.record(
        session,
        subject.actor,
        AuditAction.RECEIPT_RECORD,
        "delivery_receipt",
        str(row.id),
        purpose=held.scenario,
        details={"grant": held.number, "period": receipt.period, "rows": receipt.rows, "sha256": receipt.sha256},
    )
    return row


async def list_last_deliveries(session: AsyncSession, numbers: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """When each program last told of a delivery, by (grant, program)."""
    return await repository.list_last_deliveries(session, numbers)
