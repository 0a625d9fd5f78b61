"""Proposing: what an officer types becomes a label that a case may take, or the file of a case.

Rules:

- Level, period and audience are stated together; whatever an extension or a change does not name
  stays as it was.
- The period of a later label is counted from the start of the present one: an extension says how
  long in all, and never begins a new maximum.
- A case is about content: its subject is computed from the files that the label is for.

Source: docs/spec/determination.md §6; docs/guides/determination.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.audit.events import EventType
from secure_liaison.errors import OutOfOrderError, WorkflowError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Determination, Label
from secure_liaison.labels.lattice import join_all
from secure_liaison.labels.mark_label import period_of
from secure_liaison.monitor.decision import Action
from secure_liaison.workflows import determining, entries, filing, labelling
from secure_liaison.workflows.authorising import agency_leaf, officer_leaf
from secure_liaison.workflows.content import ContentDigest, subject_from
from secure_liaison.workflows.label_words import DEFAULT_PACK, Marked, labelled
from secure_liaison.workflows.listing import permit_for
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.case import Case
    from secure_liaison.office import Office
    from secure_liaison.vault.inbox import InboxItem
    from secure_liaison.workflows.itemising import Item

__all__ = [
    "Words",
    "audience_of",
    "label_from",
    "later_label",
    "source_label",
    "subject_of",
]

_PIECE: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A label as an officer types it.

    Attributes:
        level: Name, mark or id of a level; empty keeps the present one.
        period: As in a mark: ``10年``, ``6M``, ``2027年3月1日``; empty keeps the present one.
        agencies: Codes of the agencies that may know, the own one always among them.
        officers: Addresses of the only officers that may know; none leaves it to the agencies.
        pack: Id of the policy pack, for a first label.
        mark: In place of level and pack, for a first label: ``SECRET//NOFORN``; it narrows whom
            agencies and officers name.
        markings: ``category:value`` of limits and notes that marks do not print; a first label's.
    """

    level: str = ""
    period: str = ""
    agencies: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()
    pack: str = ""
    mark: str = ""
    markings: tuple[str, ...] = ()


def subject_of(office: Office, contents: Iterable[BinaryIO]) -> str:
    """Return the subject of a case about these contents, whatever their order and names.

    Raises:
        WorkflowError: ``case-without-content``: there is none.
    """
    return subject_from(office.realm, (_digest(office, each) for each in contents))


def label_from(
    office: Office,
    words: Words,
    case: Case,
    *,
    sources: tuple[Label, ...] = (),
    item: Item | None = None,
) -> Label:
    """Return a first label for a case.

    Args:
        office: The desk.
        words: What the officer typed.
        case: The case that it is for.
        sources: What a derived label follows: level, period, audience and markings that are not
            named are those of their join.
        item: A secret item of a catalogue, which then says what is not named.

    Raises:
        CredentialError: ``unknown-agency``, ``unknown-officer``.
        FormatError: as `labelled`.
    """
    if item is not None:
        return _itemised(office, words, case, item)
    if sources:
        joined = join_all(sources, office.packs.to_read().named(sources[0].policy))
        return _following(office, words, case, joined)
    label = _typed(office, words, case, audience_of(office, words))
    return replace(label, determination=Determination())  # the acts say who proposed it


def _itemised(office: Office, words: Words, case: Case, item: Item) -> Label:
    pack, now = writable(office, words.pack or DEFAULT_PACK), office.clock.now()
    named = bool(words.agencies or words.officers)
    audience = item.audience
    if named or audience is None:
        audience = audience_of(office, words)
    period = None if words.period.strip() else item.period
    return Label(
        policy=pack.policy_id,
        level=pack.find_level(words.level).id if words.level else item.level,
        audience=audience,
        owner=case.body,
        created=now,
        period=period_of(words.period, pack, start=now) if period is None else period,
    )


def _following(office: Office, words: Words, case: Case, joined: Label) -> Label:
    pack, now = writable(office, joined.policy), office.clock.now()
    named = bool(words.agencies or words.officers)
    # Whoever may not read a source may not read what follows it: names only narrow.
    audience = joined.audience.join(audience_of(office, words)) if named else joined.audience
    if words.mark:
        typed = _typed(office, words, case, audience)
        return replace(
            typed,
            restrict=typed.restrict | joined.restrict,
            control=typed.control | joined.control,
            inform=typed.inform | joined.inform,
            determination=Determination(),
        )
    return Label(
        policy=joined.policy,
        level=pack.find_level(words.level).id if words.level else joined.level,
        audience=audience,
        owner=case.body,
        created=now,
        period=period_of(words.period, pack, start=now) if words.period else joined.period,
        restrict=joined.restrict,
        control=joined.control,
        inform=joined.inform,
    )


def _typed(office: Office, words: Words, case: Case, audience: Audience) -> Label:
    typed = Marked(
        level=words.level,
        mark=words.mark,
        period=words.period,
        pack=words.pack,
        markings=words.markings,
    )
    return labelled(office, typed, audience=audience, owner=case.body)


def later_label(office: Office, words: Words, case: Case) -> Label:
    """Return what a determined label becomes, with everything as it was that is not named.

    Raises:
        WorkflowError: ``case-without-label``.
        FormatError, CredentialError: as `label_from`.
    """
    old = case.label
    if old is None:
        raise WorkflowError("case-without-label")
    pack = writable(office, old.policy.partition("@")[0])
    start = old.period.start if old.period.start is not None else office.clock.now()
    named = bool(words.agencies or words.officers)
    return replace(
        old,
        policy=pack.policy_id,
        level=pack.find_level(words.level).id if words.level else old.level,
        audience=audience_of(office, words) if named else old.audience,
        created=office.clock.now(),
        period=period_of(words.period, pack, start=start) if words.period else old.period,
        determination=Determination(),
    )


def audience_of(office: Office, words: Words) -> Audience:
    """Return the agencies, and the officers if any are named, as an AND of both.

    Raises:
        CredentialError: ``unknown-agency``, ``unknown-officer``.
        FormatError: ``address``.
    """
    view, home = office.directory, agency_leaf(office.agency)
    officers = [view.find_officer(address) for address in words.officers]
    agencies = {agency_leaf(view.agency_by_code(code).agency_id) for code in words.agencies}
    agencies |= {agency_leaf(each.agency) for each in officers} | {home}
    if not officers:
        return Audience.of(agencies)
    own = officer_leaf(office.me().officer)
    return Audience.of(agencies, {officer_leaf(each.officer) for each in officers} | {own})


def source_label(office: Office, reference: str) -> Label:
    """Return the label that a derived one follows: of a received object, or of a case of this desk.

    Raises:
        AccessDeniedError: who may not list an object may not point at it either.
        OutOfOrderError: ``reference-ambiguous``, ``source-not-found``.
        WorkflowError: ``case-without-label``.
        LiaisonError: the object, or the case, does not verify any more.
    """
    try:
        received = office.mail.inbox.matching(reference)
    except ValueError:
        received = ()
    item = office.mail.inbox.get(received[0]) if len(received) == 1 else None
    if item is not None:
        return _label_received(office, item)
    try:
        case = determining.find(office, reference)
    except OutOfOrderError as error:
        if error.reason != "case-not-found":
            raise
        raise OutOfOrderError("source-not-found", reference=reference) from error
    label = determining.load(office, case).case.label
    if label is None:
        raise WorkflowError("case-without-label")
    return label


def _label_received(office: Office, item: InboxItem) -> Label:
    verified = filing.load(office, item, EventType.DOC_LIST)
    permit = permit_for(office, verified, Action.LIST)
    permit.spend(
        action=Action.LIST,
        core_hash=verified.core_hash,
        key_ids=[verified.key_id],
        now=office.clock.now(),
    )
    with office.transaction():
        office.gate.effect(permit, entries.event_about(office, EventType.DOC_LIST, verified))
    return labelling.of_received(office, verified).judged


def _digest(office: Office, stream: BinaryIO) -> bytes:
    made = ContentDigest(office.realm)
    for piece in iter(lambda: stream.read(_PIECE), b""):
        made.update(piece)
    return made.finish()
