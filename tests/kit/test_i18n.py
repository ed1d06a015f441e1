import pytest

from hub.kit.i18n import choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5", "en"),
        ("fr", "zh"),
        ("en;q=0", "zh"),
        ("en;q=nonsense,*", "zh"),
    ],
)
def test_prefers_chinese_unless_english_is_wanted(header: str | None, language: str) -> None:
    assert choose_language(header) == language
