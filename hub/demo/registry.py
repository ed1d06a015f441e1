"""The demo county's registry: the shipped files, recorded, then approved by those who answer for them."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import Actor
from hub.forms import service as forms
from hub.forms.names import form_code
from hub.identity.subject import Subject
from hub.registry import apply
from hub.registry.files import RegistryFiles
from hub.registry.service import list_object_classes
from hub.registry.status import approve_all

NOTE = "与本部门业务口径核对一致"


async def register(session: AsyncSession, actor: Actor, staff: Mapping[str, Subject], files: RegistryFiles) -> None:
    """Record what the files hold, let each steward approve its own, then publish every form."""
    await apply.apply_files(session, actor, files)
    stewards = {subject.organization.code: subject for subject in staff.values()}
    elements: dict[str, list[str]] = {}
    for element in files.elements:
        elements.setdefault(element.steward, []).append(element.identifier)
    for steward, identifiers in elements.items():
        await approve_all(session, stewards[steward], identifiers, (), note=NOTE)
    await approve_all(session, staff["authority-2"], (), [rule.identifier for rule in files.rules], note=NOTE)
    for object_class, period_type in await list_object_classes(session):
        await forms.publish_version(session, staff["authority"], form_code(object_class, period_type))
