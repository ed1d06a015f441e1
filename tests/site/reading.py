"""Reading pages as a browser would: forms with their fields, headings, what is written in elements."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.people import PASSWORD

HTML = {"accept": "text/html", "origin": "http://hub"}
VOID = {"input", "meta", "link", "img", "br", "hr"}


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.forms: list[Form] = []
        self.attributes: dict[str, dict[str, str]] = {}
        self.links: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        self._select = self._area = ""
        self._is_in_form = False
        self.feed(response.text)

    @property
    def text(self) -> str:
        return " ".join(part for parts in self.texts.values() for part in parts)

    def within(self, tag: str) -> str:
        return " ".join(self.texts.get(tag, []))

    def form(self, action: str) -> Form:
        (found,) = [form for form in self.forms if form.action == action]
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            assert given["id"] not in self.attributes, f"id twice: {given['id']}"
            self.attributes[given["id"]] = given
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        if self.forms and tag == "input" and "name" in given and given.get("type") not in {"checkbox", "radio"}:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        self._is_in_form = self._is_in_form or tag == "form"
        if self._is_in_form and tag == "button":
            self.forms[-1].buttons.append(given.get("value", ""))
        if tag == "select":
            self._select = given.get("name", "")
            self.forms[-1].fields[self._select] = ""
        if tag == "option" and "selected" in given:
            self.forms[-1].fields[self._select] = given.get("value", "")
        if tag == "textarea" and self._is_in_form:
            self._area = given.get("name", "")
            self.forms[-1].fields[self._area] = ""
        if tag not in VOID:
            self._open.append((tag, given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        if tag == "form":
            self._is_in_form = False
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data
        for tag, name in self._open:
            self.texts.setdefault(tag, []).append(data.strip())
            for one in name.split():
                self.texts.setdefault(f".{one}", []).append(data.strip())


async def sign_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    client.headers.update(HTML)
    answer = await client.post("/sign-in", data={"username": username, "password": password})
    assert answer.status_code == 303, answer.text
    return answer


async def read(client: httpx.AsyncClient, path: str, status: int = 200) -> Page:
    response = await client.get(path, headers=HTML)
    assert response.status_code == status, response.text
    return Page(response)
