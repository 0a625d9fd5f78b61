"""The demonstration's world: an exercise realm, two agencies, five officers, an agreement.

Rules:

- Everything goes through the same functions as the commands; nothing is written around them.
- The realm is an exercise with roots of its own, so nothing of it can mix with real traffic.
- Passphrases are drawn for this run and cost less to try than real ones: there is nothing to guard.

Source: docs/guides/demo.md.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from secure_liaison.clock import SystemClock
from secure_liaison.crypto.keys import random_bytes
from secure_liaison.crypto.passphrase import Cost
from secure_liaison.identity.anchors import RealmCharter, open_anchor
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import Role
from secure_liaison.labels.agreement_terms import terms_up_to
from secure_liaison.office import open_office, open_registry
from secure_liaison.vault.key_files import read_key_file
from secure_liaison.workflows import enrolment, founding, registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from secure_liaison.cli.demo_relay import RelayProcess
    from secure_liaison.crypto.signing import SigningKey
    from secure_liaison.identity.anchors import Anchor
    from secure_liaison.office import Office, Registry

__all__ = ["Agency", "Person", "World"]

_COST: Final = Cost(memory_bytes=64 * 2**20, passes=3)
"""The second choice of RFC 9106 §4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One officer of the exercise; a level of nothing is no clearance."""

    login: str
    names: Names
    post: Names
    level: str | None
    role: Role = Role.LIAISON


_LIAISON: Final = Names(zh="联络员", en="liaison officer")
_SECURITY: Final = Names(zh="保密员", en="security officer")
_PEOPLE: Final = {
    "EMB-A": (
        Person(
            login="li.wei",
            names=Names(zh="李伟", en="Li Wei"),
            post=_LIAISON,
            level="机密",
        ),
        Person(
            login="chen.an",
            names=Names(zh="陈安", en="Chen An"),
            post=_SECURITY,
            level=None,
            role=Role.SECURITY,
        ),
    ),
    "EMB-B": (
        Person(
            login="j.okafor",
            names=Names(zh="奥卡福", en="J. Okafor"),
            post=_LIAISON,
            level="机密",
        ),
        Person(
            login="m.rossi",
            names=Names(zh="罗西", en="M. Rossi"),
            post=_LIAISON,
            level="秘密",
        ),
        Person(
            login="s.lind",
            names=Names(zh="林德", en="S. Lind"),
            post=_SECURITY,
            level=None,
            role=Role.SECURITY,
        ),
    ),
}
_NAMES: Final = {
    "EMB-A": Names(zh="甲国使馆(演练)", en="Embassy A (exercise)"),
    "EMB-B": Names(zh="乙国使馆(演练)", en="Embassy B (exercise)"),
}


class Agency:
    """One agency of the exercise.

    Attributes:
        code: ``EMB-A``.
        anchor: Its root, as others compare it.
        registry: Opened.
        desks: Opened desks by login.
    """

    def __init__(
        self, folder: Path, code: str, charter: RealmCharter, *, open_here: ExitStack
    ) -> None:
        """Found the agency and open its registry."""
        self.code = code
        self._folder = folder
        self._open = open_here
        self._clock = SystemClock()
        secrets = founding.Passphrases(
            registry=_passphrase(), root=_passphrase(), registrars=(_passphrase(), _passphrase())
        )
        founded = founding.found_agency(
            folder / "registry",
            charter=charter,
            names=_NAMES[code],
            code=code,
            passphrases=secrets,
            clock=self._clock,
            cost=_COST,
        )
        self.anchor_octets = founded.anchor_file.read_bytes()
        self.anchor: Anchor = open_anchor(self.anchor_octets)
        self.registrars: list[SigningKey] = [
            read_key_file(path, passphrase)
            for path, passphrase in zip(founded.key_files[1:], secrets.registrars, strict=True)
        ]
        self.registry: Registry = open_here.enter_context(
            open_registry(folder / "registry", secrets.registry)
        )
        self.desks: dict[str, Office] = {}

    def enrol(self, person: Person) -> None:
        """Make a desk, admit it with its digits compared, clear and brief its officer."""
        home, passphrase = self._folder / person.login, _passphrase()
        asked = enrolment.enrol(
            home,
            passphrase,
            anchor=self.anchor_octets,
            typed_digits=self.anchor.digits(),
            login=person.login,
            names=person.names,
            clock=self._clock,
            cost=_COST,
        )
        signer = self.registrars[:1]
        registry.admit(
            self.registry,
            asked.request,
            signer,
            typed_digits=asked.digits,
            post=person.post,
            roles=frozenset({person.role}),
        )
        if person.level is not None:
            registry.clear(
                self.registry, person.login, signer, level=person.level, person_class="important"
            )
            registry.brief(self.registry, person.login, signer, topic="secrecy")
        self.desks[person.login] = self._open.enter_context(open_office(home, passphrase))

    def publish(self, relay_url: str) -> registry.Published:
        """Let two registrars sign the next roster."""
        return registry.publish(self.registry, self.registrars, relay_url=relay_url)


class World:
    """Both agencies, their desks knowing each other. Use it in a ``with`` block.

    Attributes:
        charter: The exercise realm.
        agencies: By code.
    """

    def __init__(self, folder: Path, *, progress: Callable[[int, int], None]) -> None:
        """Found both agencies in ``folder`` and enrol their officers, telling (done, in all)."""
        total = sum(len(people) for people in _PEOPLE.values())
        done = 0
        self._folder = folder
        self._open = ExitStack()
        self.charter = RealmCharter(name="EXERCISE demo", exercise=True, salt=random_bytes(16))
        self.agencies: dict[str, Agency] = {}
        with ExitStack() as cleaning:
            cleaning.callback(self._open.close)
            for code, people in _PEOPLE.items():
                home = folder / code
                home.mkdir()
                agency = Agency(home, code, self.charter, open_here=self._open)
                self.agencies[code] = agency
                for person in people:
                    agency.enrol(person)
                    done += 1
                    progress(done, total)
            cleaning.pop_all()

    def desk(self, login: str) -> Office:
        """Return an officer's desk."""
        return next(
            agency.desks[login] for agency in self.agencies.values() if login in agency.desks
        )

    def agree(self) -> None:
        """Let both agencies sign one agreement up to 机密."""
        a, b = self.agencies.values()
        proposed = registry.propose_agreement(
            a.registry,
            b.anchor,
            a.registrars[:1],
            name="agr:exercise-demo",
            terms=terms_up_to("机密"),
        )
        signed = registry.countersign(b.registry, proposed, b.registrars[:1])
        for agency in (a, b):
            registry.adopt_agreement(agency.registry, signed)

    def exchange(self, relay: RelayProcess) -> None:
        """Admit both agencies at the relay, exchange their books, trust each other's roots."""
        books = {}
        for code, agency in self.agencies.items():
            published = agency.publish(relay.url)
            books[code] = published.book
            file = self._folder / f"{code}.snapshot"
            file.write_bytes(published.snapshot)
            relay.admit(file, agency.anchor.digits())
        for code, agency in self.agencies.items():
            for desk in agency.desks.values():
                for other, partner in self.agencies.items():
                    if other != code:
                        enrolment.trust(
                            desk, partner.anchor_octets, typed_digits=partner.anchor.digits()
                        )
                for book in books.values():
                    enrolment.import_book(desk, book)

    def close(self) -> None:
        """Let go of every vault."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _passphrase() -> str:
    return random_bytes(16).hex()
