"""Which elements are asked, of whom, when: forms assembled from the registry, frozen when published."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.forms import building, repository
from hub.forms.assembly import difference
from hub.forms.cache import PublishedForms
from hub.forms.content import FormContent, FormOverview
from hub.forms.errors import FormEmpty, FormNotFound, FormNotJudgeable, FormUnchanged
from hub.forms.models import Form, FormItem, FormRule, FormVersion
from hub.forms.names import form_code
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.validation import RuleFault

# A county has a handful of forms; old versions are asked for when an old period is corrected.
_published = PublishedForms(capacity=64)


async def list_forms(session: AsyncSession) -> Sequence[FormOverview]:
    """Every form that the registry gives, by code."""
    pairs = await registry.list_object_classes(session)
    by_code = {form_code(object_class, period_type): (object_class, period_type) for object_class, period_type in pairs}
    return [await _overview(session, *by_code[code]) for code in sorted(by_code)]


async def get_overview(session: AsyncSession, code: str) -> FormOverview:
    return await _overview(session, *await _kind(session, code))


async def get_next(session: AsyncSession, code: str) -> FormContent:
    """The form as publishing would freeze it now."""
    object_class, period_type = await _kind(session, code)
    return await building.assemble(session, object_class, period_type, clock.today())


async def list_versions(session: AsyncSession, code: str) -> Sequence[FormVersion]:
    """Every published version, oldest first."""
    return await repository.list_versions(session, code)


async def _kind(session: AsyncSession, code: str) -> tuple[str, str]:
    """The object class and period type that a form's code stands for."""
    for object_class, period_type in await registry.list_object_classes(session):
        if form_code(object_class, period_type) == code:
            return object_class, period_type
    published = await repository.get_form(session, code)
    if published is None:
        raise FormNotFound(_("没有这张表：{code}。").format(code=code[:100]))
    return published.object_class, published.period_type


async def _overview(session: AsyncSession, object_class: str, period_type: str) -> FormOverview:
    assembled = await building.assemble(session, object_class, period_type, clock.today())
    published = await find_newest(session, assembled.code)
    if published is None:
        return FormOverview(assembled, difference({}, _parts(assembled)), is_changed=bool(assembled.fields))
    is_changed = published.content_sha256 != assembled.content_sha256
    return FormOverview(published, difference(_parts(published), _parts(assembled)), is_changed)


def _parts(form: FormContent) -> dict[str, int]:
    return {**form.versions, **form.rule_versions}


async def find_newest(session: AsyncSession, code: str) -> FormContent | None:
    """The newest published version; None while there is none."""
    version = await repository.get_newest_version(session, code)
    return None if version is None else await _frozen(session, version)


async def get_form(session: AsyncSession, code: str, version: int) -> FormContent:
    """One published version, with its compiled rules, from this process's memory when it is there."""
    found = await repository.get_version(session, code, version)
    if found is None:
        raise FormNotFound(_("没有这张表：{code} 第{version}版。").format(code=code[:100], version=version))
    return await _frozen(session, found)


async def _frozen(session: AsyncSession, version: FormVersion) -> FormContent:
    key = (version.code, version.version, version.content_sha256)
    form = _published.get(key)
    if form is None:
        form = await building.load(session, version)
        _published.put(key, form)
    return form


async def publish_version(session: AsyncSession, subject: Subject, code: str) -> FormContent:
    """Freeze the form as it is assembled now as its next version."""
    object_class, period_type = await _kind(session, code)
    await repository.lock_publication(session, code)
    assembled = await building.assemble(session, object_class, period_type, clock.today())
    if not assembled.captured:
        raise FormEmpty(_("表“{code}”里还没有已核准、要填报的数据元，不能发布。").format(code=code))
    _check_judgeable(assembled)
    newest = await repository.get_newest_version(session, code)
    if newest is not None and newest.content_sha256 == assembled.content_sha256:
        raise FormUnchanged(
            _("表“{code}”与已发布的第{version}版相同，不需要再次发布。").format(code=code, version=newest.version)
        )
    version = FormVersion(
        code=code,
        version=1 if newest is None else newest.version + 1,
        name=assembled.name,
        content_sha256=assembled.content_sha256,
        published_by=subject.name,
        published_at=clock.now(),
    )
    await _freeze(session, version, assembled)
    await audit.record(
        session,
        subject.actor,
        AuditAction.FORM_PUBLISH,
        "form",
        code,
        details={"version": version.version, "elements": len(assembled.fields), "rules": len(assembled.rule_versions)},
    )
    return await building.load(session, version)


def _check_judgeable(form: FormContent) -> None:
    """The registry checks each rule by itself; only here is it seen whether all stand together."""
    try:
        form.spec.plan  # noqa: B018 - building it compiles every rule and every derivation
    except RuleFault as fault:
        raise FormNotJudgeable(_("表“{code}”不能发布：{fault}。").format(code=form.code, fault=fault)) from fault


async def _freeze(session: AsyncSession, version: FormVersion, form: FormContent) -> None:
    await repository.add_form(
        session,
        Form(
            code=form.code,
            object_class=form.object_class,
            period_type=form.period_type,
            created_at=version.published_at,
        ),
    )
    items = [
        FormItem(
            code=version.code,
            version=version.version,
            identifier=field.identifier,
            element_version=field.spec.version,
            section=field.section,
            position=field.position,
            obligation=field.obligation,
        )
        for field in form.fields
    ]
    rules = [
        FormRule(code=version.code, version=version.version, identifier=rule.identifier, rule_version=rule.version)
        for rule in form.spec.rules
    ]
    await repository.add_version(session, version, items, rules)
