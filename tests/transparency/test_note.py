from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.crypto.keys import Secret
from secure_liaison.crypto.signing import NoteSigningKey, NoteVerifyKey
from secure_liaison.errors import (
    AuditInconsistentError,
    FormatError,
    SignatureError,
    UnsupportedVersionError,
)
from secure_liaison.transparency.merkle import EMPTY_ROOT, MAX_TREE_SIZE
from secure_liaison.transparency.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Checkpoint,
    NoteKey,
    NoteSigner,
    checkpoint_body,
    open_checkpoint,
    open_note,
    parse_checkpoint_body,
    sign_note,
)

# Published facts: the example under "Verifier keys" of C2SP signed-note v1.0.0, and the example key
# and note in the documentation of golang.org/x/mod/sumdb/note.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = "This is an example message.\n"
SPEC_NOTE = (
    f"{SPEC_TEXT}\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER"
    "YNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()

# The examples of C2SP tlog-checkpoint v1.0.0 and tlog-cosignature; their keys are not published.
SOFA_ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
SOFA_BODY = f"example.com/behind-the-sofa\n20852163\n{SOFA_ROOT}\n"
SOFA_NOTE = (
    f"{SOFA_BODY}\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe"
    "4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
    "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()


def signer(name: str, seed: int) -> NoteSigner:
    return NoteSigner(name=name, key=NoteSigningKey(Secret(bytes([seed]) * 32)))


LOG = signer("log.example/one", 1)
WITNESS = signer("witness.example/w1", 2)
STRANGER = signer("log.example/one", 3)  # claims the log's name
TEXT = "one\n\ntwo\n"
HEAD = Checkpoint(origin=LOG.name, size=3, root=b"\x05" * 32)


def line(by: NoteSigner, text: str = TEXT, *, name: str | None = None) -> str:
    """One signature line, with the key id of ``by`` under whatever name."""
    octets = by.note_key.key_id + by.key.sign_note(text.encode())
    return f"— {name or by.name} {base64.b64encode(octets).decode()}\n"


def refuse_form(note: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=f": {reason}$"):
        open_note(note, required=[LOG.note_key])


def refuse_unsigned(note: bytes, *required: NoteSigner) -> None:
    with pytest.raises(SignatureError, match="note-unsigned-by-required"):
        open_note(note, required=[one.note_key for one in required or (LOG,)])


# ------------------------------------------------------------------------------ published examples


@pytest.mark.parametrize(
    ("vkey", "note", "text"), [(SPEC_VKEY, SPEC_NOTE, SPEC_TEXT), (GO_VKEY, GO_NOTE, GO_TEXT)]
)
def test_published_note_opens_with_its_published_key(vkey: str, note: bytes, text: str) -> None:
    key = NoteKey.from_vkey(vkey)

    assert open_note(note, required=[key]) == text
    assert key.vkey == vkey


@pytest.mark.parametrize(("vkey", "note"), [(SPEC_VKEY, SPEC_NOTE), (GO_VKEY, GO_NOTE)])
def test_published_note_with_a_changed_text_is_refused(vkey: str, note: bytes) -> None:
    with pytest.raises(SignatureError):
        open_note(note.replace(b"is", b"iz", 1), required=[NoteKey.from_vkey(vkey)])


def test_signed_checkpoint_is_that_of_the_spec() -> None:
    # docs/spec/merkle-and-notes.md §10; Ed25519 is deterministic, so all bytes are fixed.
    body = "log.example/one\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    signed = (
        "— log.example/one qkQarNhrQJ+06yQFdNNuR1MpySh97DMQxrpAvhgHntBVYeRn8I9atoaMLBXm00K7PpD8FeX8"
        "em720pM5tltYU4oFlwA=\n"
    )

    assert LOG.note_key.vkey == (
        "log.example/one+aa441aac+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    )
    assert sign_note(body, [LOG]) == f"{body}\n{signed}".encode()


def test_published_checkpoint_reads_and_writes_back() -> None:
    checkpoint = parse_checkpoint_body(SOFA_BODY)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root == base64.b64decode(SOFA_ROOT)
    assert checkpoint_body(checkpoint) == SOFA_BODY


def test_published_cosigned_checkpoint_is_well_formed_but_unsigned_by_our_key() -> None:
    refuse_unsigned(SOFA_NOTE)


# ------------------------------------------------------------------------------------ notes opened


def test_note_opens_when_every_required_key_signed() -> None:
    note = sign_note(TEXT, [LOG, WITNESS])

    assert open_note(note, required=[LOG.note_key, WITNESS.note_key]) == TEXT
    assert open_note(note, required=[WITNESS.note_key]) == TEXT


@given(
    lines=st.lists(
        st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=20)
        | st.sampled_from(["", "— log.example/one AAAA", "a\u2028b", "a\u0085b"]),
        min_size=1,
        max_size=6,
    )
)
def test_any_text_comes_back_as_it_was_signed(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"

    assert open_note(sign_note(text, [LOG]), required=[LOG.note_key]) == text


def test_signature_by_an_unknown_key_beside_the_required_one_is_passed_over() -> None:
    note = sign_note(TEXT, [WITNESS, STRANGER, LOG])

    assert open_note(note, required=[LOG.note_key]) == TEXT


def test_line_of_another_signature_type_is_passed_over() -> None:
    other = base64.b64encode(b"\x01\x02\x03\x04" + b"\x06" * 2428).decode()
    note = sign_note(TEXT, [LOG]) + f"— {LOG.name} {other}\n".encode()

    assert open_note(note, required=[LOG.note_key]) == TEXT


def test_sixteen_signatures_are_accepted() -> None:
    note = sign_note(TEXT, [signer(f"k{seed}", seed) for seed in range(10, 25)] + [LOG])

    assert open_note(note, required=[LOG.note_key]) == TEXT


def test_line_repeated_by_one_key_counts_once() -> None:
    note = sign_note(TEXT, [LOG]) + line(LOG).encode()

    assert open_note(note, required=[LOG.note_key]) == TEXT
    refuse_unsigned(note, LOG, WITNESS)


# -------------------------------------------------------------------------- notes not to be trusted


def test_note_signed_only_by_unknown_keys_raises() -> None:
    # A stranger signs the log's text under the log's name: it must never come out as a result.
    refuse_unsigned(sign_note(TEXT, [STRANGER]))
    refuse_unsigned(sign_note(TEXT, [STRANGER, WITNESS]))


def test_note_lacking_one_of_two_required_keys_raises_and_says_how_many() -> None:
    with pytest.raises(SignatureError) as caught:
        open_note(
            sign_note(TEXT, [LOG]),
            required=[LOG.note_key, WITNESS.note_key, signer("w2", 4).note_key],
        )

    assert caught.value.reason == "note-unsigned-by-required"
    assert caught.value.facts == {"missing": 2}


@pytest.mark.parametrize("required", [[], [LOG.note_key, LOG.note_key]])
def test_opening_without_a_required_key_or_with_one_twice_is_a_mistake(
    required: list[NoteKey],
) -> None:
    with pytest.raises(ValueError, match="each public key once"):
        open_note(sign_note(TEXT, [LOG]), required=required)


def test_one_public_key_under_two_names_cannot_count_twice() -> None:
    # A note signature does not bind the name, so the holder of one key could serve both names.
    alias = NoteSigner(name="witness.example/other", key=WITNESS.key)
    note = (TEXT + "\n" + line(WITNESS) + line(alias)).encode()

    with pytest.raises(ValueError, match="each public key once"):
        open_note(note, required=[WITNESS.note_key, alias.note_key])
    with pytest.raises(ValueError, match="each public key once"):
        sign_note(TEXT, [WITNESS, alias])


def test_known_name_with_a_foreign_id_and_known_id_with_a_foreign_name_do_not_count() -> None:
    refuse_unsigned((TEXT + "\n" + line(LOG, name="other.example")).encode())
    refuse_unsigned((TEXT + "\n" + line(STRANGER)).encode())


def test_bad_signature_by_a_required_key_raises_even_beside_a_good_one() -> None:
    good, bad = line(LOG), line(LOG, "another text\n")

    for lines in (bad, good + bad, bad + good, good + line(WITNESS, "another text\n")):
        with pytest.raises(SignatureError) as caught:
            open_note((TEXT + "\n" + lines).encode(), required=[LOG.note_key, WITNESS.note_key])
        assert caught.value.reason != "note-unsigned-by-required"


def test_stranger_who_claims_name_and_id_of_a_required_key_is_refused() -> None:
    forged = LOG.note_key.key_id + STRANGER.key.sign_note(TEXT.encode())
    note = f"{TEXT}\n— {LOG.name} {base64.b64encode(forged).decode()}\n".encode()

    with pytest.raises(SignatureError):
        open_note(note, required=[LOG.note_key])


@pytest.mark.parametrize("size", [1, 63, 65, 72])
def test_signature_of_a_wrong_length_by_a_required_key_is_refused(size: int) -> None:
    signature = (LOG.key.sign_note(TEXT.encode()) * 2)[:size]
    octets = base64.b64encode(LOG.note_key.key_id + signature).decode()

    with pytest.raises(SignatureError):
        open_note(f"{TEXT}\n— {LOG.name} {octets}\n".encode(), required=[LOG.note_key])


def test_key_of_small_order_signs_nothing() -> None:
    # The neutral point with S = 0 would verify under any text if the key itself were not refused.
    weak = NoteKey(name="weak.example", key=NoteVerifyKey(b"\x01" + bytes(31)))
    octets = base64.b64encode(weak.key_id + b"\x01" + bytes(63)).decode()

    with pytest.raises(SignatureError):
        open_note(f"{TEXT}\n— {weak.name} {octets}\n".encode(), required=[weak])


@given(bit=st.integers(0, 8 * len(sign_note(TEXT, [LOG])) - 1))
def test_note_with_any_bit_flipped_is_refused(bit: int) -> None:
    note = bytearray(sign_note(TEXT, [LOG]))
    note[bit // 8] ^= 1 << bit % 8

    with pytest.raises((FormatError, SignatureError)):
        open_note(bytes(note), required=[LOG.note_key])


@given(end=st.integers(0, len(sign_note(TEXT, [LOG])) - 1))
def test_note_cut_short_is_refused(end: int) -> None:
    with pytest.raises(FormatError):
        open_note(sign_note(TEXT, [LOG])[:end], required=[LOG.note_key])


# --------------------------------------------------------------------------------- malformed notes


def test_note_that_is_too_long_is_refused_before_it_is_read() -> None:
    refuse_form(b"\xff" * (MAX_NOTE_BYTES + 1), "note-too-long")


@pytest.mark.parametrize("octets", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"])
def test_note_that_is_not_utf_8_is_refused(octets: bytes) -> None:
    refuse_form(octets + sign_note(TEXT, [LOG]), "note-encoding")


@pytest.mark.parametrize("character", ["\x00", "\t", "\r", "\x0b", "\x1b", "\x1f"])
def test_note_with_a_control_character_is_refused(character: str) -> None:
    text = f"a{character}b\n"

    refuse_form((text + "\n" + line(LOG, text)).encode(), "note-control-character")
    refuse_form(
        (TEXT + "\n" + line(LOG)[:-1] + f"{character}\n").encode(), "note-control-character"
    )
    with pytest.raises(ValueError, match="control characters"):
        sign_note(text, [LOG])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        TEXT.replace("\n\n", "\n"),
        "one\n" + line(LOG, "one\n"),
        TEXT + "\n",
        TEXT + "\n\n",
        TEXT + "\n" + line(LOG)[:-1],
        TEXT + "\n" + line(LOG) + "\n",
    ],
)
def test_note_without_text_gap_or_signatures_is_refused(note: str) -> None:
    refuse_form(note.encode(), "note-layout")


@pytest.mark.parametrize(
    "signature_line",
    [
        "- log AAAAAAA=\n",
        "—log AAAAAAA=\n",
        " — log AAAAAAA=\n",
        "—  AAAAAAA=\n",
        "— AAAAAAA=\n",
        "— log\n",
        "— log \n",
        "— log  AAAAAAA=\n",
        "— log AAAAAAA= \n",
        "— log AAAAAAA= more\n",
        "— lo+g AAAAAAA=\n",
        "— lo\u00a0g AAAAAAA=\n",
        "— lo\u2028g AAAAAAA=\n",
        "— log AAAAAAA\n",
        "— log AAAAAAB=\n",
        "— log AAAAAAA==\n",
        "— log AAAA*AAA=\n",
        "— log AAAAAAAé\n",
        "— log AAAA-_A=\n",
        "— log AAAAAA==\n",
    ],
)
def test_malformed_signature_line_is_refused_even_beside_a_good_one(signature_line: str) -> None:
    refuse_form((TEXT + "\n" + line(LOG) + signature_line).encode(), "note-signature-line")
    refuse_form((TEXT + "\n" + signature_line + line(LOG)).encode(), "note-signature-line")


def test_note_with_too_many_signatures_is_refused() -> None:
    note = TEXT + "\n" + line(LOG) * (MAX_SIGNATURES + 1)

    refuse_form(note.encode(), "note-too-many-signatures")


# ------------------------------------------------------------------------------------ notes signed


@pytest.mark.parametrize("text", ["", "no newline", "two\r\n", "a\x00\n", "\ud800\n"])
def test_signing_a_text_that_no_note_can_hold_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the surrogate's own message differs
        sign_note(text, [LOG])


def test_signing_without_a_key_or_twice_with_one_is_a_mistake() -> None:
    for signers in ([], [LOG, LOG]):
        with pytest.raises(ValueError, match="each public key once"):
            sign_note(TEXT, signers)


def test_signing_a_note_that_nobody_would_open_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="too long"):
        sign_note("x" * MAX_NOTE_BYTES + "\n", [LOG])
    with pytest.raises(ValueError, match="too long"):
        sign_note(TEXT, [signer(f"k{seed}", seed) for seed in range(MAX_SIGNATURES + 1)])


# -------------------------------------------------------------------------------------------- keys


def test_key_id_is_the_hash_of_name_type_and_key() -> None:
    key = NoteKey.from_vkey(SPEC_VKEY)
    expected = sha256(b"example.com/foo\n\x01" + key.key.octets).digest()[:4]

    assert expected == key.key_id == bytes.fromhex("530d903a")


def test_same_public_key_has_another_id_under_another_name() -> None:
    assert LOG.note_key.key_id != NoteSigner(name="other", key=LOG.key).note_key.key_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        SPEC_VKEY[1:],
        SPEC_VKEY[:-1],
        SPEC_VKEY + "=",
        SPEC_VKEY + "\n",
        " " + SPEC_VKEY,
        SPEC_VKEY.replace("530d903a", "530D903A"),
        SPEC_VKEY.replace("530d903a", "530d903b"),
        SPEC_VKEY.replace("530d903a", "530d903"),
        SPEC_VKEY.replace("530d903a", "٥٣٠٩٠٣٠٠"),
        SPEC_VKEY.replace("example.com/foo", ""),
        SPEC_VKEY.replace("example.com/foo", "example.com foo"),
        SPEC_VKEY.replace("example.com/foo", "example.com/bar"),
        SPEC_VKEY.replace("example.com/foo", "x" * 256),
        # The Go package's own refused key: one of another length whose id was adjusted.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ],
)
def test_malformed_key_text_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="note-key"):
        NoteKey.from_vkey(text)


@pytest.mark.parametrize("algorithm", [0, 2, 4, 6, 255])
def test_key_of_another_type_is_refused_with_its_number(algorithm: int) -> None:
    material = base64.b64encode(bytes([algorithm]) + LOG.key.verify_key.octets).decode()

    with pytest.raises(UnsupportedVersionError) as caught:
        NoteKey.from_vkey(f"log+00000000+{material}")
    assert caught.value.facts == {"algorithm": algorithm}


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\nb", "a\tb", "a\u3000b", "x" * 256, "\ud800"]
)
def test_key_name_that_no_line_can_carry_is_a_mistake(name: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        NoteKey(name=name, key=LOG.key.verify_key)


def test_signer_shows_no_private_key() -> None:
    shown = repr(LOG)

    assert shown == "NoteSigner(name='log.example/one', key=NoteSigningKey(…))"


# ------------------------------------------------------------------------------------- checkpoints


@given(
    origin=st.text(
        st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1, max_size=60
    ),
    size=st.integers(1, MAX_TREE_SIZE),
    root=st.binary(min_size=32, max_size=32),
)
def test_checkpoint_reads_back_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=origin, size=size, root=root)

    assert parse_checkpoint_body(checkpoint_body(checkpoint)) == checkpoint


def test_checkpoint_of_an_empty_log_has_the_root_of_an_empty_tree() -> None:
    empty = Checkpoint(origin="o", size=0, root=EMPTY_ROOT)

    assert parse_checkpoint_body(checkpoint_body(empty)) == empty
    with pytest.raises(ValueError, match="root"):
        Checkpoint(origin="o", size=0, root=HEAD.root)
    with pytest.raises(FormatError, match="checkpoint-root"):
        parse_checkpoint_body(f"o\n0\n{SOFA_ROOT}\n")


@pytest.mark.parametrize(
    "text",
    ["", "o\n", "o\n1\n", f"o\n1\n{SOFA_ROOT}", f"1\n{SOFA_ROOT}\n", f"o\n1\n{SOFA_ROOT}\nmore"],
)
def test_checkpoint_with_lines_missing_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="checkpoint-lines"):
        parse_checkpoint_body(text)


@pytest.mark.parametrize("more", ["extension\n", "\n", "a\nb\n"])
def test_checkpoint_with_extension_lines_is_refused(more: str) -> None:
    with pytest.raises(FormatError, match="checkpoint-extension"):
        parse_checkpoint_body(SOFA_BODY + more)


@pytest.mark.parametrize("origin", ["", "a\rb", "a\x00", "x" * 256, "密" * 86])
def test_checkpoint_with_a_malformed_origin_is_refused(origin: str) -> None:
    with pytest.raises(FormatError, match="checkpoint-origin"):
        parse_checkpoint_body(f"{origin}\n1\n{SOFA_ROOT}\n")


@pytest.mark.parametrize(
    "size",
    [
        "",
        "00",
        "01",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1_0",
        "1e3",
        "0x1",
        "１２",
        "٣",
        str(2**63),
        "9" * 400,
    ],
)
def test_checkpoint_with_a_malformed_size_is_refused(size: str) -> None:
    with pytest.raises(FormatError, match="checkpoint-size"):
        parse_checkpoint_body(f"o\n{size}\n{SOFA_ROOT}\n")


@pytest.mark.parametrize(
    "root",
    [
        "",
        SOFA_ROOT[:-1],
        SOFA_ROOT + "=",
        SOFA_ROOT.replace("q2I=", "q2J="),
        SOFA_ROOT.replace("/", "_"),
        " " + SOFA_ROOT,
        base64.b64encode(b"\x05" * 31).decode(),
        base64.b64encode(b"\x05" * 33).decode(),
        "é" * 44,
    ],
)
def test_checkpoint_with_a_malformed_root_is_refused(root: str) -> None:
    with pytest.raises(FormatError, match="checkpoint-root"):
        parse_checkpoint_body(f"o\n1\n{root}\n")


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, HEAD.root),
        ("a\nb", 1, HEAD.root),
        ("x" * 256, 1, HEAD.root),
        ("\ud800", 1, HEAD.root),
        ("o", -1, HEAD.root),
        ("o", 2**63, HEAD.root),
        ("o", 1, HEAD.root[:-1]),
    ],
)
def test_making_a_checkpoint_that_cannot_be_written_is_a_mistake(
    origin: str, size: int, root: bytes
) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        Checkpoint(origin=origin, size=size, root=root)


def test_signed_checkpoint_of_the_asked_log_opens() -> None:
    note = sign_note(checkpoint_body(HEAD), [LOG, WITNESS])

    assert open_checkpoint(note, origin=LOG.name, required=[LOG.note_key]) == HEAD


def test_signed_checkpoint_of_another_log_of_the_same_signer_is_refused() -> None:
    note = sign_note(checkpoint_body(HEAD), [LOG])

    with pytest.raises(AuditInconsistentError, match="checkpoint-other-log"):
        open_checkpoint(note, origin="log.example/two", required=[LOG.note_key])


def test_checkpoint_resigned_by_a_stranger_is_refused() -> None:
    note = sign_note(checkpoint_body(HEAD), [STRANGER])

    with pytest.raises(SignatureError, match="note-unsigned-by-required"):
        open_checkpoint(note, origin=LOG.name, required=[LOG.note_key])


def test_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(FormatError, match="checkpoint"):
        open_checkpoint(sign_note(TEXT, [LOG]), origin="one", required=[LOG.note_key])
