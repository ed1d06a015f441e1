"""Pages: the templates, the frame around every page, and the sentences that survive one redirect.

A template sees two names: `page`, the documented dataclass its room filled in, and `layout`, the frame.
Never an ORM object, so that no template can ask the database anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from hub.kit.assets import static_url
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import current_language, gettext
from hub.kit.shown import cell, day, instant

NOTICE_COOKIE = "hub-notice"
REFUSAL_COOKIE = "hub-refusal"
NOTICE_SECONDS = 60
LARGE_TYPE_COOKIE = "hub-large-type"


class Unit(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Viewer(Protocol):
    """Who looks at the page, as far as its frame must know."""

    @property
    def name(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def organization(self) -> Unit: ...
    @property
    def csrf_token(self) -> str | None: ...
    @property
    def must_change_password(self) -> bool: ...
    def may(self, permission: Any, /) -> bool: ...


@dataclass(frozen=True)
class NavigationItem:
    """An entry of the menu, shown to whoever may do what it leads to. `kinds`: only people of such units.

    `beside`: other addresses of the same desk, on whose pages the entry is marked as well.
    """

    path: str
    label: Callable[[], str]
    permission: str
    kinds: frozenset[str] | None = None
    about: Callable[[], str] = lambda: ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class MenuEntry:
    path: str
    label: str
    about: str
    is_current: bool


@dataclass(frozen=True)
class Layout:
    """The frame of every page. `person` is None for whoever has not signed in; `user`: by which drafts are kept apart.

    `notice`: what was done just now; `refusal`: why it was not. `has_large_type`: the person chose larger letters in
    this browser (大字版).
    """

    language: str
    path: str
    user: str
    person: str | None
    unit: str | None
    csrf_token: str
    menu: tuple[MenuEntry, ...]
    notice: str | None
    refusal: str | None
    has_large_type: bool


def render(request: Request, template: str, page: Any, *, status: int = 200) -> HTMLResponse:
    """The page as HTML; a waiting sentence is shown and forgotten."""
    layout = _layout(request)
    html = environment().get_template(template).render(page=page, layout=layout)
    response = HTMLResponse(html, status_code=status)
    for name, sentence in ((NOTICE_COOKIE, layout.notice), (REFUSAL_COOKIE, layout.refusal)):
        if sentence is not None:
            response.delete_cookie(name, path="/")
    return response


def see_other(path: str, *, notice: str | None = None, refusal: str | None = None) -> RedirectResponse:
    """Go on to another page after a write, so that reloading it writes nothing again.

    `refusal`: of a mere button, with nothing typed that would be lost on the way.
    """
    response = RedirectResponse(path, status_code=303)
    for name, sentence in ((NOTICE_COOKIE, notice), (REFUSAL_COOKIE, refusal)):
        if sentence is not None:
            response.set_cookie(name, quote(sentence), max_age=NOTICE_SECONDS, path="/", httponly=True, samesite="lax")
    return response


def came_from(request: Request) -> str:
    """The page of ours that led here, or the start page."""
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.netloc != request.headers.get("host"):
        return "/"
    return local_path(f"{referer.path}?{referer.query}" if referer.query else referer.path)


def local_path(text: str | None) -> str:
    """An address of our own to go on to, or the start page: never somebody else's site (CWE-601)."""
    if not text or not text.startswith("/") or any(ord(character) <= ord(" ") for character in text):
        return "/"
    parts = urlsplit(text.replace("\\", "/"))
    return "/" if parts.scheme or parts.netloc or text.startswith(("//", "/\\")) else text


def _layout(request: Request) -> Layout:
    viewer: Viewer | None = getattr(request.state, "subject", None)
    return Layout(
        language="en" if current_language() == "en" else "zh-CN",
        path=request.url.path,
        user=viewer.name if viewer else "",
        person=viewer.display_name if viewer else None,
        unit=viewer.organization.name if viewer else None,
        csrf_token=(viewer.csrf_token or "") if viewer else "",
        menu=menu_of(request),
        notice=_waiting(request, NOTICE_COOKIE),
        refusal=_waiting(request, REFUSAL_COOKIE),
        has_large_type=request.cookies.get(LARGE_TYPE_COOKIE) == "1",
    )


def _waiting(request: Request, name: str) -> str | None:
    sentence = request.cookies.get(name)
    return unquote(sentence) if sentence else None


def menu_of(request: Request) -> tuple[MenuEntry, ...]:
    """What this person may open, from the entries that the composition root left in the application's state."""
    viewer: Viewer | None = getattr(request.state, "subject", None)
    navigation: Sequence[NavigationItem] = getattr(request.app.state, "navigation", ())
    path = request.url.path
    if viewer is None or viewer.must_change_password:
        return ()
    shown = [
        item
        for item in navigation
        if viewer.may(item.permission) and (item.kinds is None or viewer.organization.kind in item.kinds)
    ]
    return tuple(MenuEntry(item.path, item.label(), item.about(), _is_current(item, path)) for item in shown)


def _is_current(item: NavigationItem, path: str) -> bool:
    return any(path == entry or (entry != "/" and path.startswith(f"{entry}/")) for entry in (item.path, *item.beside))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Everything is escaped, and a name that a page's dataclass does not have is an error, not a blank."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update({"_": gettext, "static_url": static_url})
    found.filters.update({"day": day, "instant": instant, "cell": cell})
    return found


@dataclass(frozen=True)
class Sent:
    """What was sent and refused: the texts as they were typed, and what is wrong with them, by field."""

    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def refused(cls, typed: Mapping[str, str], refusal: HubError, name: str = "") -> "Sent":
        """Each fault at its field; a refusal that names no field belongs to `name`."""
        return cls(typed, faults_by_field(refusal.errors) or {name: [refusal.detail]})


def faults_by_field(errors: Sequence[ErrorItem]) -> dict[str, list[str]]:
    """Sentences by the form field they belong to: `/periods/from` is `periods_from`, `/elements/3` is `elements`."""
    found: dict[str, list[str]] = {}
    for item in errors:
        steps = [step for step in item.pointer.split("/") if step and not step.isdecimal()]
        found.setdefault("_".join(steps), []).append(item.message)
    return found
