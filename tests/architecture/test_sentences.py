"""Every error that the product can raise has its sentence and its next step, in both languages."""

from __future__ import annotations

import ast
import string
from typing import TYPE_CHECKING, NamedTuple

from secure_liaison import errors
from secure_liaison.errors import LiaisonError
from secure_liaison.i18n import Language, catalogue
from tests.architecture.sources import calls, literals, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, LiaisonError)
}
RAISING = {"require_equal": (errors.TamperedError, 2)}
"""Functions that raise for their caller: the class, and which argument is the reason."""

NOT_FACTS = {"reasons", "obligations", "ref", "marks"}


class Raised(NamedTuple):
    """One place where an error is made."""

    place: str
    code: str
    reason: str
    facts: frozenset[str]
    has_more_facts: bool


def reasons(name: str, call: ast.Call) -> list[str]:
    """Return the literal reasons of a call that makes an error, or that raises one if it must."""
    if name in CLASSES and call.args:
        return literals(call.args[0])
    if name in RAISING:
        position = RAISING[name][1]
        return [
            text
            for argument in (
                *call.args[position : position + 1],
                *(word.value for word in call.keywords if word.arg == "reason"),
            )
            for text in literals(argument)
        ]
    return []


def code_of(name: str) -> str:
    return (CLASSES[name] if name in CLASSES else RAISING[name][0]).code


def raised() -> Iterator[Raised]:
    for source in sources():
        for name, call in calls(source):
            for reason in reasons(name, call):
                yield Raised(
                    place=f"{source.place}:{call.lineno}",
                    code=code_of(name),
                    reason=reason,
                    facts=frozenset(word.arg for word in call.keywords if word.arg) - NOT_FACTS,
                    has_more_facts=any(word.arg is None for word in call.keywords),
                )


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_errors_are_found() -> None:
    assert any(found.reason == "not-cbor" for found in raised())


def test_every_reason_has_its_sentence_in_both_languages() -> None:
    places = {f"error.{found.code}.{found.reason}": found.place for found in raised()}
    missing = sorted(
        f"{language.value}: {key} ({place})"
        for key, place in places.items()
        for language in Language
        if key not in catalogue(language)
    )
    assert missing == []


def test_every_class_has_a_next_step_in_both_languages() -> None:
    missing = [
        f"{language.value}: hint.{found.code}"
        for found in CLASSES.values()
        for language in Language
        if f"hint.{found.code}" not in catalogue(language)
    ]
    assert missing == []


def test_every_sentence_is_given_the_values_it_shows() -> None:
    missing = [
        f"{found.place}: {key} shows {sorted(wanted - found.facts)}"
        for found in raised()
        if not found.has_more_facts
        for key in (f"error.{found.code}.{found.reason}", f"hint.{found.code}.{found.reason}")
        for wanted in [placeholders(catalogue(Language.EN).get(key, ""))]
        if not wanted <= found.facts
    ]
    assert missing == []


def test_every_specific_hint_belongs_to_an_error() -> None:
    """A hint whose error has gone would never be seen again."""
    codes = {f"hint.{found.code}" for found in CLASSES.values()}
    orphans = [
        key
        for key in catalogue(Language.EN)
        if key.startswith("hint.")
        and key not in codes
        and key.replace("hint.", "error.", 1) not in catalogue(Language.EN)
    ]
    assert orphans == []


def test_errors_carry_no_formatted_text() -> None:
    """A reason is a slug; what varies belongs into the facts, which the catalogue places."""
    found = [
        f"{source.place}:{call.lineno}"
        for source in sources()
        for name, call in calls(source)
        if name in CLASSES and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert found == []
