"""Officers of nations, cleared under a policy with marks; files with labels bound to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secure_liaison.clock import Instant
from secure_liaison.labels.agreement import Ceiling, Equivalence, Treatment
from secure_liaison.labels.agreement_terms import Terms
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.audience4774 import Unsayable
from secure_liaison.labels.label import Label
from secure_liaison.labels.ooxml import embed_ooxml
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.labels.sidecar import bind_detached, content_digest
from secure_liaison.labels.stanag4774 import write_back
from secure_liaison.labels.stanag4774_xml import label_element
from secure_liaison.labels.strict_xml import Element
from secure_liaison.workflows import enrolment, registry
from tests.attacks.world import HOME, INSIDER, SENDER, VICTIM, Scene
from tests.labels import bindings

US = "us.eo13526"
NATIONS = {SENDER: "USA", VICTIM: "FRA", INSIDER: "GBR"}
CN = builtin_pack("cn.state-secrets")
DOCUMENT = bindings.zipped(bindings.parts())


def allied(
    scene: Scene,
    *,
    nations: dict[str, str] = NATIONS,
    pack: str = US,
    level: str = "SECRET",
    **terms: Any,
) -> None:
    """Clear everybody under one more policy, with nations, and let both sides agree on it."""
    scene.clock.advance(60)  # of two agreements the one that began last counts
    for login, nation in nations.items():
        registry.clear(
            scene.registry(HOME[login]),
            login,
            scene.keys(HOME[login]).registrars[:1],
            level=level,
            person_class="important",
            pack=pack,
            memberships=(f"nation:{nation}",),
        )
    policy = builtin_pack(pack)
    ceilings = (
        Ceiling(policy=CN.id, level="jimi"),
        Ceiling(policy=policy.id, level=policy.find_level(level).id),
    )
    a, b = scene.registry("EMB-A"), scene.registry("EMB-B")
    proposed = registry.propose_agreement(
        a,
        scene.keys("EMB-B").anchor,
        scene.keys("EMB-A").registrars[:1],
        name="agr:allied",
        terms=Terms(ceilings=ceilings, **terms),
    )
    signed = registry.countersign(b, proposed, scene.keys("EMB-B").registrars[:1])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    for code in ("EMB-A", "EMB-B"):
        book = scene.publish(code).book
        for login in (SENDER, VICTIM):
            enrolment.import_book(scene.desk(login), book)


def equivalence(level: str, to_level: str, *, to_policy: str = CN.id) -> Equivalence:
    """What a level of the United States is protected as, under another policy."""
    return Equivalence(
        from_policy=US,
        from_level=level,
        to_policy=to_policy,
        to_level=to_level,
        treatment=Treatment.PROTECT_AS,
        article="3.2",
        valid_from=Instant(0),
    )


def for_both(scene: Scene, level: str = "jimi", **fields: Any) -> Label:
    """A label of state secrets that both embassies may read."""
    home = f"agency:{scene.agency('EMB-A').hex()}"
    now = Instant(scene.clock.now() - 60)
    values = {
        "policy": CN.policy_id,
        "level": level,
        "audience": Audience.of([home, f"agency:{scene.agency('EMB-B').hex()}"]),
        "owner": home,
        "created": now,
        "period": Period.of_years(10, start=now),
    }
    return Label(**{**values, **fields})


def element(label: Label, pack: str = CN.id, *, native: bool = True) -> Element:
    """A label as STANAG 4774 says it; what that cannot say is carried along."""
    back = write_back(
        label,
        builtin_pack(pack),
        unsayable=Unsayable.CARRY,
        review_at=Instant(label.created + 86_400),
        native=native,
    )
    return label_element(back.label)


def document(path: Path, label: Element) -> Path:
    """Write an office document with a label inside."""
    path.write_bytes(embed_ooxml(DOCUMENT, label=label))
    return path


def labelled(path: Path, label: Element, octets: bytes = b"%PDF-1.7 annex") -> Path:
    """Write a file with a binding beside it."""
    path.write_bytes(octets)
    binding = bind_detached(label=label, file_name=path.name, digest=content_digest([octets]))
    path.with_name(f"{path.name}.bdo").write_bytes(binding)
    return path
