from __future__ import annotations

import pytest

from secure_liaison.errors import RelayRefusedError
from secure_liaison.i18n import Language, cause, hint
from secure_liaison.wire import RefusalCode


@pytest.mark.parametrize("code", list(RefusalCode))
@pytest.mark.parametrize("language", list(Language))
def test_every_code_has_its_sentence_and_next_step(code: RefusalCode, language: Language) -> None:
    error = RelayRefusedError(code.value, skew_s=75, request_id="0" * 32, retry_after_s=0)
    assert cause(error, language)
    assert hint(error, language)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_code_has_its_status(code: RefusalCode) -> None:
    assert 400 <= code.status < 600
