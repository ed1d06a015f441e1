"""What may stand against a first submission; a correction is never locked out."""

from datetime import datetime

from hub.capture.errors import CollectionClosed, CollectionNotOpen
from hub.capture.lifecycle import is_after_closing, is_before_opening
from hub.capture.models import Collection
from hub.kit.clock import CHINA
from hub.kit.i18n import gettext as _


def find_lock(collection: Collection, now: datetime) -> CollectionNotOpen | CollectionClosed | None:
    """The lock with the sentence that says which one it is and since when; None when the collection is open."""
    if is_before_opening(collection.opens_on, now):
        return CollectionNotOpen(
            _("{period}的填报从 {day} 起接收提交；草稿现在就可以保存。").format(
                period=collection.period, day=collection.opens_on.isoformat()
            )
        )
    if collection.closes_at is not None and is_after_closing(collection.closes_at, now):
        closed = collection.closes_at.astimezone(CHINA)
        return CollectionClosed(
            _("{period}的填报已于 {at}（北京时间）关闭首次提交，草稿仍然保留；确需补报请联系县数据局。").format(
                period=collection.period, at=closed.strftime("%Y-%m-%d %H:%M")
            )
        )
    return None
