"""Determination: approving oneself, passing a grant on, dating back, dropping an act.

Each attack is refused; then the one defence that refused it is taken away, and it succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import (
    LiaisonError,
    OutOfOrderError,
    SecondPersonRequiredError,
    TamperedError,
    WorkflowError,
)
from secure_liaison.identity import determination_record
from secure_liaison.identity.determination_record import SignedAct
from secure_liaison.labels import authority, determination
from secure_liaison.labels.acts import Act, Approve, Open, Propose, Purpose, Return
from secure_liaison.labels.case import CaseState, Setting, state_at
from secure_liaison.labels.period import Period
from tests.identity.case_chain import chain_of, checked, determined_chain, opening, signed
from tests.labels.cases import (
    BEGUN,
    DAY,
    NONCE,
    REALM,
    SETTING,
    SUBJECT,
    change,
    ending,
    extension,
    grant,
    label,
    original,
    powers,
    setting,
)

END = BEGUN + 3653 * DAY
"""The first moment at which the label of `determined_chain` no longer binds."""


# --- approving one's own proposal ---------------------------------------------------------------


def self_approved() -> Sequence[SignedAct]:
    return chain_of((ending(), "province-2"), (Approve(), "province-2"), start=determined_chain())


def test_nobody_declassifies_alone() -> None:
    with pytest.raises(SecondPersonRequiredError, match="case-same-person"):
        checked(self_approved())


def test_without_a_second_person_one_officer_could_declassify(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Removed: that the pack asks for two persons."""
    monkeypatch.setattr(Setting, "needs_two_persons", lambda *_labels: False)
    assert CaseState.DECLASSIFIED is checked(self_approved()).case.state


def in_anothers_name() -> Sequence[SignedAct]:
    """Let the proposer sign the approval with the own device as the responsible person."""
    start = chain_of((ending(), "province-1"), start=determined_chain())
    forged = signed(Approve(), "province-2", start[-1], at=start[-1].act.at + 60, by="province-1")
    return (*start, forged)


def test_an_approval_in_anothers_name_is_refused() -> None:
    with pytest.raises(LiaisonError, match="determination-actor"):
        checked(in_anothers_name())


def test_without_asking_whose_device_signed_one_officer_could_be_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Removed: that the key belongs to the officer whom the act names."""

    def only_the_signature(signed_act: SignedAct, known: object, realm: object) -> None:
        signer = known[signed_act.act.key_id]  # type: ignore[index]  # the mapping of signers
        tag = determination_record._TAG
        signer.key.verify(tag, realm, signed_act.body, signed_act.signature)

    monkeypatch.setattr(determination_record, "_verify_actor", only_the_signature)
    assert CaseState.DECLASSIFIED is checked(in_anothers_name()).case.state


# --- passing a grant on -------------------------------------------------------------------------

CHAINED = setting(
    powers=powers(grants=(grant("province", "firm", "jimi"), grant("firm", "county", "jimi")))
)


def by_a_chained_grant() -> Sequence[SignedAct]:
    return chain_of(
        (Open(subject=SUBJECT, nonce=NONCE), "county-1"),
        (original(label(owner="county")), "county-1"),
        (Approve(), "county-2"),
    )


def test_a_grant_of_a_grant_sets_no_level() -> None:
    with pytest.raises(WorkflowError, match="authority-grant-chained"):
        checked(by_a_chained_grant(), under=CHAINED)


def test_without_the_depth_of_grants_anybody_could_be_given_authority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Removed: that a grant comes from the granter's own authority."""
    monkeypatch.setattr(authority, "_problem_of", lambda *_args, **_named: None)
    case = checked(by_a_chained_grant(), under=CHAINED).case
    assert case.label is not None
    assert "grant:grant.firm.county" == case.label.determination.authority


# --- dating an extension back -------------------------------------------------------------------


def dated_back() -> Sequence[SignedAct]:
    """Sign, long after the end, an extension that bears a date before it."""
    start = determined_chain()
    longer = extension(label(period=Period.of_years(15, start=BEGUN)))
    asked = signed(longer, "province-1", start[-1], at=END - 2 * DAY)
    return (*start, asked, signed(Approve(), "province-2", asked, at=END - DAY))


def proven_until_the_end() -> dict[Digest, Instant]:
    return {act.digest(REALM): Instant(act.act.at) for act in determined_chain()}


def test_a_back_dated_extension_is_refused_after_the_end() -> None:
    with pytest.raises(OutOfOrderError, match="case-expired"):
        checked(dated_back(), now=END + DAY, proven=proven_until_the_end())


def test_without_proven_times_a_secret_could_be_revived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed: that an act must be known to have existed before the end."""
    genuine = determination._check_time

    def by_its_own_date(case: object, act: Act, under: object) -> None:
        genuine(case, replace(act, known=act.at), under)  # type: ignore[arg-type]  # as they come

    monkeypatch.setattr(determination, "_check_time", by_its_own_date)
    chain = dated_back()
    proven = proven_until_the_end()
    proven |= {act.digest(REALM): Instant(END) for act in chain[3:]}
    revived = checked(chain, now=END + DAY, proven=proven)
    assert CaseState.DETERMINED is state_at(revived.case, Instant(END + DAY), SETTING)


# --- dropping an act ----------------------------------------------------------------------------


def lowered() -> tuple[SignedAct, ...]:
    low = change(label("mimi"))
    return chain_of((low, "province-1"), (Approve(), "province-2"), start=determined_chain())


def raised_again() -> tuple[SignedAct, ...]:
    high = change(label("jimi"))
    return chain_of((high, "province-1"), (Approve(), "province-2"), start=lowered())


def renumbered(chain: Sequence[SignedAct]) -> list[SignedAct]:
    """Give the acts that are left the numbers of a whole chain, without their owners' keys."""
    return [
        replace(each, act=replace(each.act, number=number)) for number, each in enumerate(chain)
    ]


def test_an_act_dropped_out_of_a_chain_is_missed() -> None:
    whole = raised_again()
    for place in range(len(whole) - 1):
        with pytest.raises(TamperedError):
            checked([*whole[:place], *whole[place + 1 :]])
        with pytest.raises(LiaisonError):
            checked(renumbered([*whole[:place], *whole[place + 1 :]]))


def returned_first() -> tuple[SignedAct, ...]:
    """Let a higher level be proposed and returned before a lower one is approved."""
    return chain_of(
        opening(),
        (original(label("juemi")), "province-1"),
        (Return(reason="请补充依据"), "province-2"),
        (original(label("mimi")), "province-1"),
        (Approve(), "province-2"),
    )


def test_that_a_higher_level_was_proposed_cannot_be_hidden() -> None:
    whole = returned_first()
    assert CaseState.DETERMINED is checked(whole).case.state
    with pytest.raises(TamperedError, match="determination-number"):
        checked([whole[0], *whole[3:]])


def test_without_the_links_a_higher_proposal_could_be_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Removed: that every act names the one before it."""
    whole = returned_first()
    dropped = [whole[0], *whole[3:]]
    digests = tuple(act.digest(REALM) for act in dropped)
    monkeypatch.setattr(determination_record, "_linked", lambda *_args: digests)
    assert CaseState.DETERMINED is checked(dropped).case.state


def test_the_end_of_a_chain_cannot_be_cut_off_for_who_has_seen_it() -> None:
    held = checked(raised_again()).digests
    with pytest.raises(TamperedError, match="determination-rolled-back"):
        checked(lowered(), held=held)


def test_without_what_is_held_an_older_label_could_be_shown() -> None:
    """Removed: what the desk already accepted."""
    case = checked(lowered(), held=()).case
    assert case.label is not None
    assert "mimi" == case.label.level


def test_a_purpose_that_hides_an_extension_is_refused() -> None:
    longer = Propose(
        purpose=Purpose.CHANGE,
        label=label(period=Period.of_years(15, start=BEGUN)),
        reason="情况变化",
        grounds=("情况变化", "情况变化", "情况变化"),
    )
    with pytest.raises(WorkflowError, match="case-change-extends"):
        checked(chain_of((longer, "province-1"), start=determined_chain()))


def test_an_opening_of_another_body_makes_another_case() -> None:
    assert opening()[1] == "province-1"
    ids = {
        checked(chain_of((Open(subject=SUBJECT, nonce=NONCE), who))).case.id
        for who in ("province-1", "city-1", "county-1")
    }
    assert 3 == len(ids)
