from __future__ import annotations

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import EssLabel, to_base64, write_ess
from secure_liaison.labels.label import encode_label
from secure_liaison.labels.label_file import (
    EssInFile,
    LabelFile,
    LabelForm,
    pack_for,
    read_label_file,
    write_4774,
)
from secure_liaison.labels.stanag4774 import write_back
from tests.labels.pack4774 import CREATED, NATO_HOME, PACK, label
from tests.labels.samples import jimi

NATO = write_ess(EssLabel(policy="1.3.26.1.3.1", classification=3))
OTHER = write_ess(EssLabel(policy="1.1", classification=3))


def reason(octets: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read_label_file(octets)
    return caught.value.reason


@pytest.mark.parametrize("form", [LabelForm.XML, LabelForm.JSON])
def test_a_label_of_4774_is_read_in_the_form_that_it_was_written_in(form: LabelForm) -> None:
    one = write_back(label([NATO_HOME]), PACK).label
    assert LabelFile(form=form, label=one) == read_label_file(write_4774(one, form))


def test_a_native_label_is_read() -> None:
    expected = LabelFile(form=LabelForm.NATIVE, label=jimi())
    assert expected == read_label_file(encode_label(jimi()))


@pytest.mark.parametrize(
    "octets", [NATO, to_base64(NATO).encode(), b"\n" + to_base64(NATO).encode()]
)
def test_a_label_of_ess_is_read_in_der_and_base64(octets: bytes) -> None:
    expected = LabelFile(form=LabelForm.ESS, label=EssInFile(octets=NATO))
    assert expected == read_label_file(octets)


def test_base64_that_is_none_is_refused() -> None:
    assert "ess-base64" == reason(b"MQYCAQMGASk")
    assert "ess-base64" == reason("MQYCAQMGASké".encode())


def test_an_element_without_a_label_is_refused() -> None:
    assert "xep0258-empty" == reason(
        b'<securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel>'
    )


def test_the_pack_of_a_label_of_ess_is_that_of_its_policy_on_the_day_named() -> None:
    assert "nato" == pack_for(read_label_file(NATO), created=CREATED).id
    for octets, created, expected in (
        (OTHER, CREATED, "pack-unknown"),
        (NATO, from_iso("1990-01-01"), "pack-none-in-force"),
    ):
        with pytest.raises(FormatError) as caught:
            pack_for(read_label_file(octets), created=created)
        assert expected == caught.value.reason


def test_a_label_of_ess_without_a_day_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="when it was made"):
        pack_for(read_label_file(NATO))


@pytest.mark.parametrize("form", [LabelForm.NATIVE, LabelForm.ESS, LabelForm.XEP0258])
def test_other_forms_are_not_written_as_4774(form: LabelForm) -> None:
    with pytest.raises(ValueError, match="`to_ess`"):
        write_4774(write_back(label([NATO_HOME]), PACK).label, form)
