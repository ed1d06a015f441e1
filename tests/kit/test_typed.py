from starlette.datastructures import FormData

from hub.kit.typed import as_typed, chosen, texts


class TestAsTyped:
    def test_a_nul_is_nobodys_typing(self) -> None:
        """PostgreSQL has no text with one in it: a draft that held one could not be kept at all."""
        form = FormData([("a", "8\x000 "), ("b", "\x00"), ("b", "x\x00"), ("csrf_token", "secret")])
        assert as_typed(form) == {"a": "80 ", "b": "x"}
        assert texts(form)["a"] == "80"
        assert chosen(form, "b") == ["", "x"]
