"""Every sentence stands in both languages, with the same values, and can be found."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from secure_liaison import errors, i18n
from secure_liaison.errors import FormatError, LiaisonError, UnsupportedVersionError
from secure_liaison.i18n import Language, catalogue, cause, choose_language, hint, text

ZH = catalogue(Language.ZH)
EN = catalogue(Language.EN)
FOLDER = Path(i18n.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def classes(root: type[LiaisonError] = LiaisonError) -> list[type[LiaisonError]]:
    below = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
    return [root, *(found for child in below for found in classes(child))]


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(ZH) == sorted(EN)


def test_both_languages_have_the_same_values_to_fill_in() -> None:
    differing = [
        key for key in ZH.keys() & EN.keys() if placeholders(ZH[key]) != placeholders(EN[key])
    ]
    assert differing == []


def test_values_have_names() -> None:
    nameless = [
        key
        for key, sentence in (*ZH.items(), *EN.items())
        if any(not name.isidentifier() for name in placeholders(sentence))
    ]
    assert nameless == []


def test_english_sentences_of_errors_are_english() -> None:
    """A Chinese mark may be quoted; a sentence that was left in Chinese has few Latin words."""
    foreign = [
        key
        for key, sentence in EN.items()
        if key.startswith(("error.", "hint."))
        and len(CHINESE.findall(sentence)) > len(re.findall(r"[A-Za-z]+", sentence))
    ]
    assert foreign == []


def test_chinese_sentences_of_errors_are_chinese() -> None:
    foreign = [
        key
        for key, sentence in ZH.items()
        if key.startswith(("error.", "hint.")) and not CHINESE.search(sentence)
    ]
    assert foreign == []


def test_keys_are_dotted_slugs() -> None:
    odd = [key for key in EN if not re.fullmatch(r"[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)+", key)]
    assert odd == []


def test_both_languages_have_the_same_files() -> None:
    names = [sorted(path.name for path in (FOLDER / lang).glob("*.po")) for lang in ("zh", "en")]
    assert names[0] == names[1]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.po")), ids=lambda path: path.stem)
def test_each_file_says_that_it_is_utf_8(path: Path) -> None:
    assert "Content-Type: text/plain; charset=UTF-8" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("found", classes(), ids=lambda found: found.__name__)
def test_every_class_of_error_has_a_next_step_without_values(found: type[LiaisonError]) -> None:
    assert placeholders(EN[f"hint.{found.code}"]) == set()


def test_the_cause_is_told_in_the_chosen_language() -> None:
    error = FormatError("field-missing", field=7)
    assert cause(error, Language.EN) == "Field 7 is missing."
    assert cause(error, Language.ZH) == "缺少第 7 号字段。"


def test_the_hint_is_that_of_the_class() -> None:
    error = UnsupportedVersionError("unknown-version", version=9)
    assert hint(error, Language.EN) == EN["hint.format.version"]


def test_a_missing_key_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(KeyError):
        text("no.such.key", Language.EN)


def test_a_missing_value_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(KeyError):
        text("error.format.field-missing", Language.EN)


@pytest.mark.parametrize(
    ("wish", "environ", "expected"),
    [
        ("zh", {"LANG": "en_GB.UTF-8"}, Language.ZH),
        ("en", {"LANG": "zh_CN.UTF-8"}, Language.EN),
        (None, {"LANG": "zh_CN.UTF-8"}, Language.ZH),
        (None, {"LANG": "fr_FR.UTF-8"}, Language.EN),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, Language.EN),
        (None, {"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "en_GB"}, Language.ZH),
        (None, {}, Language.EN),
    ],
)
def test_language_is_the_wish_or_else_the_locale(
    wish: str | None, environ: dict[str, str], expected: Language
) -> None:
    assert choose_language(wish, environ) is expected


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="fr"):
        choose_language("fr", {})
