"""The demo county's registry: the shipped files, recorded, then approved by those who answer for them."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import Actor
from hub.forms import service as forms
from hub.forms.names import form_code
from hub.identity.subject import Subject
from hub.registry import apply
from hub.registry.files import read_folder
from hub.registry.service import list_object_classes
from hub.registry.status import change_registration_status, change_rule_status
from hub.registry.statuses import RegistrationStatus
from hub.settings import share_folder

NOTE = "与本部门业务口径核对一致"


async def register(session: AsyncSession, actor: Actor, staff: Mapping[str, Subject]) -> None:
    """Record what the files hold, let each steward approve its own, then publish every form."""
    folder = share_folder("schemas")
    await apply.apply_folder(session, actor, folder)
    files = read_folder(folder)
    stewards = {subject.organization.code: subject for subject in staff.values()}
    for element in files.elements:
        await change_registration_status(
            session, stewards[element.steward], element.identifier, RegistrationStatus.QUALIFIED, note=NOTE
        )
    for rule in files.rules:
        await change_rule_status(
            session, staff["authority-2"], rule.identifier, RegistrationStatus.QUALIFIED, note=NOTE
        )
    for object_class, period_type in await list_object_classes(session):
        await forms.publish_version(session, staff["authority"], form_code(object_class, period_type))
