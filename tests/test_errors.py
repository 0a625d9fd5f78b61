"""The error tree: stable codes, no user data, one drawing that is true."""

from __future__ import annotations

import re

import pytest

from secure_liaison import errors
from secure_liaison.errors import AccessDeniedError, FormatError, LiaisonError, Reason


def tree(root: type[LiaisonError] = LiaisonError) -> list[type[LiaisonError]]:
    """Every class of the tree that this module defines."""
    below = [child for child in root.__subclasses__() if child.__module__ == errors.__name__]
    return [root, *(found for child in below for found in tree(child))]


def test_every_class_has_its_own_code() -> None:
    codes = [found.code for found in tree()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("found", tree(), ids=lambda found: found.__name__)
def test_codes_are_lower_case_slugs(found: type[LiaisonError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)*", found.code)


@pytest.mark.parametrize("found", tree(), ids=lambda found: found.__name__)
def test_every_class_is_public_and_drawn_in_the_tree(found: type[LiaisonError]) -> None:
    assert found.__name__ in errors.__all__
    assert found.__name__ in (errors.__doc__ or "")


def test_all_names_only_what_exists() -> None:
    assert [name for name in errors.__all__ if not hasattr(errors, name)] == []


def test_text_of_an_error_holds_code_and_reason_only() -> None:
    error = FormatError("field-missing", field=7, subject="a name that must not leak")
    assert str(error) == "format: field-missing"


def test_facts_are_kept_for_the_sentence() -> None:
    assert FormatError("field-missing", field=7).facts == {"field": 7}


def test_a_refusal_keeps_its_reasons_out_of_its_text() -> None:
    reason = Reason(code="CLEARANCE_BELOW_LABEL", rule="read.level@pack@1", subject="a name")
    error = AccessDeniedError("refused", reasons=(reason,), obligations=("ack",), ref="Q7K2ZD")
    assert str(error) == "access.denied: refused"
    assert (error.reasons, error.obligations, error.ref) == ((reason,), ("ack",), "Q7K2ZD")
