from __future__ import annotations

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.identity.names import Names, require_code, require_login, require_token


@pytest.mark.parametrize("code", ["EMB-A", "A1", "0Z", "ABCDEFGHIJKLMNOP"])
def test_codes_of_two_to_sixteen_capitals_are_taken(code: str) -> None:
    assert code == require_code(code)


@pytest.mark.parametrize(
    "code", ["", "A", "emb-a", "-EMB", "EMB-", "EMB A", "ЕМВ-А", "ABCDEFGHIJKLMNOPQ", "EMB\n"]
)
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(FormatError, match="agency-code"):
        require_code(code)


@pytest.mark.parametrize("login", ["li.wei", "j-okafor", "a1", "x" * 32])
def test_logins_are_taken(login: str) -> None:
    assert login == require_login(login)


@pytest.mark.parametrize(
    "login", ["", "a", "Li.Wei", ".li", "li.", "li wei", "іі", "x" * 33, "li@x"]
)
def test_other_logins_are_refused(login: str) -> None:
    with pytest.raises(FormatError, match="login"):
        require_login(login)


@pytest.mark.parametrize("token", ["", "-a", "a b", "a" * 65, "机密"])
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(FormatError, match="token"):
        require_token(token)


@pytest.mark.parametrize(
    "name", ["", " Li", "Li ", "Li\u202eieW", "Li\u200bWei", "x" * 129, "e\u0301", "a\nb"]
)
def test_names_that_could_show_something_else_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="name-text"):
        Names(zh="李伟", en=name)
    with pytest.raises(FormatError, match="name-text"):
        Names(zh=name, en="Li Wei")
