"""The shipped registry's forms as the checker understands them, without a database."""

from functools import lru_cache

from hub.registry.file_checks import form_of
from hub.registry.files import RegistryFiles, read_folder
from hub.settings import share_folder
from hub.validation import ElementSpec, FormSpec, RuleSpec


@lru_cache(maxsize=1)
def shipped_registry() -> RegistryFiles:
    return read_folder(share_folder("schemas"))


def form_spec(files: RegistryFiles, object_class: str, period_type: str) -> FormSpec:
    form = (object_class, period_type)
    return FormSpec(
        code="-".join(form),
        version=1,
        elements=tuple(
            ElementSpec(
                identifier=element.identifier,
                version=1,
                name=element.names.zh,
                domain=files.value_domain(element),
                required=element.required,
                source=element.source,
                expression=element.expression,
                applies_when=element.applies_when,
            )
            for element in files.elements
            if form_of(element) == form
        ),
        rules=tuple(
            RuleSpec(
                rule.identifier, 1, rule.expression, rule.severity, rule.messages.zh, rule.messages.en, rule.element
            )
            for rule in files.rules
            if form_of(rule) == form
        ),
    )
