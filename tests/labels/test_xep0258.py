"""The security label of XEP-0258."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.labels.ess import from_base64, read_ess
from secure_liaison.labels.xep0258 import (
    DisplayMarking,
    SecurityLabel,
    read_security_label,
    write_security_label,
)

PUBLISHED = """<securitylabel xmlns='urn:xmpp:sec-label:0'>
  <displaymarking fgcolor='black' bgcolor='red'>SECRET</displaymarking>
  <label>
    <esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>MQYCAQQGASk=</esssecuritylabel>
  </label>
  <equivalentlabel>
    <icismlabel xmlns='http://example.gov/IC-ISM/0' classification='S' ownerProducer='USA'/>
  </equivalentlabel>
  <equivalentlabel>
    <esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'
      >MRUCAgD9DA9BcXVhIChvYnNvbGV0ZSk=</esssecuritylabel>
  </equivalentlabel>
</securitylabel>"""
ESS = "<esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>MQYCAQQGASk=</esssecuritylabel>"
SECRET = from_base64("MQYCAQQGASk=")


def element(inside: str) -> bytes:
    return f"<securitylabel xmlns='urn:xmpp:sec-label:0'>{inside}</securitylabel>".encode()


def test_the_published_example_is_read() -> None:
    expected = SecurityLabel(
        marking=DisplayMarking(text="SECRET", foreground="black", background="red"),
        label=SECRET,
        equivalents=(from_base64("MRUCAgD9DA9BcXVhIChvYnNvbGV0ZSk="),),
        unread=("{http://example.gov/IC-ISM/0}icismlabel",),
    )
    assert expected == read_security_label(PUBLISHED.encode())


def test_its_label_is_secret_of_the_example_policy() -> None:
    found = read_security_label(PUBLISHED.encode()).label
    assert found is not None
    assert ("1.1", 4) == (read_ess(found).policy, read_ess(found).classification)


def test_an_empty_label_is_the_default() -> None:
    assert SecurityLabel() == read_security_label(element("<label/>"))


@pytest.mark.parametrize(
    "label",
    [
        SecurityLabel(),
        SecurityLabel(label=SECRET),
        SecurityLabel(marking=DisplayMarking(text="机密★10年"), label=SECRET),
        SecurityLabel(
            marking=DisplayMarking(text="S", background="#FF0000"), equivalents=(SECRET, SECRET)
        ),
    ],
)
def test_what_is_written_reads_back(label: SecurityLabel) -> None:
    assert label == read_security_label(write_security_label(label))


@pytest.mark.parametrize(
    ("reason", "inside"),
    [
        ("xml-part-missing", ""),
        ("xml-part-twice", "<label/><label/>"),
        ("xml-part-twice", f"<label>{ESS}<x xmlns='urn:x'/></label>"),
        ("xml-part-twice", f"<label>{ESS}{ESS}</label>"),
        ("xml-part-unknown", "<label/><x/>"),
        ("xml-part-unknown", "<label a='b'/>"),
        ("xml-part-unknown", "<label>x</label>"),
        (
            "xml-part-unknown",
            f"<label>{ESS.replace('>MQ', ' a=b>MQ', 1)}</label>".replace("a=b", "a='b'"),
        ),
        ("xml-part-value", "<displaymarking> </displaymarking><label/>"),
        ("label-text", "<displaymarking>\u202eTERCES</displaymarking><label/>"),
        ("xep0258-colour", "<displaymarking bgcolor='url(x)'>S</displaymarking><label/>"),
        ("xep0258-form", "<label><icismlabel xmlns='http://example.gov/IC-ISM/0'/></label>"),
        ("xep0258-form", f"<label>{ESS.replace(':ess:0', ':ess:1')}</label>"),
        ("xep0258-equivalents", "<label/>" + f"<equivalentlabel>{ESS}</equivalentlabel>" * 17),
        ("ess-base64", f"<label>{ESS.replace('=</', '</')}</label>"),
        ("xml-part-value", f"<label>{ESS.replace('MQYCAQQGASk=', '')}</label>"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(reason: str, inside: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_security_label(element(inside))
    assert reason == caught.value.reason


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("label-text", SecurityLabel(marking=DisplayMarking(text=""))),
        ("xep0258-colour", SecurityLabel(marking=DisplayMarking(text="S", foreground="a b"))),
        ("xep0258-equivalents", SecurityLabel(equivalents=(SECRET,) * 17)),
    ],
)
def test_what_is_wrong_is_not_written(reason: str, label: SecurityLabel) -> None:
    with pytest.raises(FormatError) as caught:
        write_security_label(label)
    assert reason == caught.value.reason


def test_an_entity_bomb_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + element("<label>&a;</label>")
    with pytest.raises(FormatError) as caught:
        read_security_label(bomb)
    assert "xml-doctype" == caught.value.reason


@given(st.binary(max_size=80) | st.text(max_size=80).map(element))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    try:
        label = read_security_label(data)
    except FormatError:
        return
    assert label.label is None or isinstance(label.label, bytes)
