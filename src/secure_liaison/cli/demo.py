"""``liaison demo``: the main job from start to end, with real processes, files and refusals.

Every step goes through the functions that the commands use. Nothing is left running; what was made
is removed unless it is to be kept.

Source: docs/guides/demo.md; issue "The first bulletin".
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from secure_liaison.audit.reports import refusals, who_read
from secure_liaison.cli.demo_relay import RelayProcess
from secure_liaison.cli.demo_world import World
from secure_liaison.cli.exhibits import make_exhibits
from secure_liaison.clock import to_iso
from secure_liaison.errors import AccessDeniedError, AuditInconsistentError, OutOfOrderError
from secure_liaison.i18n import Language, cause
from secure_liaison.labels.marking import banner, mark_level, urgency_text
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.monitor.decision import refusal_json, render_refusal
from secure_liaison.workflows import addressing, audit, correspondence, enrolment, registry
from secure_liaison.workflows.publishing import FolderSink, MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_liaison.audit.export import VerifiedExport
    from secure_liaison.audit.rows import LedgerEntry
    from secure_liaison.cli.surface import Surface
    from secure_liaison.crypto.keys import Digest

__all__ = ["run_demo"]

_SENDER: Final = "li.wei"
_READER: Final = "j.okafor"
_LOWER: Final = "m.rossi"
_OFFICE: Final = "s.lind"
_STEPS: Final = 10
_SUBJECT: Final = "通报第17号 Bulletin 17"
_TEXT: Final = "演练:请核对附件并签收。\nEXERCISE: check the attachments and acknowledge.\n"


@dataclass
class _Run:
    """One demonstration: what it has so far, and what it tells at the end as JSON."""

    surface: Surface
    folder: Path
    relay: RelayProcess
    world: World
    files: tuple[Path, ...] = ()
    digest: Digest | None = None
    told: dict[str, Any] = field(default_factory=dict)

    def step(self, number: int, key: str, **values: object) -> None:
        """Say which step begins."""
        self.line(f"[{number}/{_STEPS}] {self.surface.text(key, **values)}")

    def more(self, key: str, **values: object) -> None:
        """Say something within a step."""
        self.line(f"       {self.surface.text(key, **values)}")

    def line(self, text: str) -> None:
        """Print one line, unless the result is to be JSON."""
        if not self.surface.as_json:
            print(text, flush=True)

    def refused(self, name: str, act: Callable[[], object]) -> None:
        """Do what must be refused, and show the refusal in both languages.

        Raises:
            OutOfOrderError: ``demo-not-refused``.
        """
        try:
            act()
        except AccessDeniedError as exc:
            self.told[name] = refusal_json(exc)
            for language in (Language.ZH, Language.EN):
                for text in render_refusal(exc, language):
                    self.line(f"       | {text}")
                self.line("       |")
            return
        raise OutOfOrderError("demo-not-refused")


def run_demo(surface: Surface, *, keep: Path | None, large_mib: int = 200) -> None:
    """Do the whole job once.

    Args:
        surface: Where it speaks.
        keep: A folder to leave everything in; must not exist. By default all is removed.
        large_mib: Size of the large attachment.

    Raises:
        OutOfOrderError: ``folder-exists``, or a step did not come out as it must.
        LiaisonError: a step failed.
    """
    if keep is not None and keep.exists():
        raise OutOfOrderError("folder-exists")
    began = time.monotonic()
    with ExitStack() as cleaning:
        folder = keep or Path(tempfile.mkdtemp(prefix="liaison-demo-"))
        folder.mkdir(exist_ok=True, mode=0o700)
        if keep is None:
            cleaning.callback(shutil.rmtree, folder)
        relay = cleaning.enter_context(RelayProcess(folder / "relay"))
        if not surface.as_json:
            print(surface.text("demo.title"))
        with surface.progress("demo.wait.world") as progress:
            world = cleaning.enter_context(World(folder, progress=progress))
        run = _Run(surface=surface, folder=folder, relay=relay, world=world)
        _introduce(run)
        _prepare(run, large_mib)
        _send(run)
        _receive(run)
        _withdraw(run)
        _review(run)
        _tamper(run)
        _show_relay(run)
    seconds = round(time.monotonic() - began)
    surface.result(
        {"done": True, "seconds": seconds, **run.told},
        surface.text("demo.done", seconds=seconds),
        surface.text("demo.kept", folder=folder) if keep else surface.text("demo.removed"),
    )


def _introduce(run: _Run) -> None:
    run.step(1, "demo.relay", url=run.relay.url, pid=run.relay.pid)
    run.step(2, "demo.agencies", realm=run.world.charter.name)
    for code, agency in run.world.agencies.items():
        names = agency.anchor.names
        run.line(f"       {code}  {names.zh} · {names.en}")
        run.more("demo.digits", digits=agency.anchor.digits())
    run.world.agree()
    run.world.exchange(run.relay)
    run.more("demo.compared")
    run.step(3, "demo.officers")
    pack = builtin_pack("cn.state-secrets")
    for login in (_SENDER, _READER, _LOWER, "chen.an", _OFFICE):
        desk = run.world.desk(login)
        me = desk.me()
        standing = desk.directory.standing(me.officer, desk.clock.now())
        level = standing.clearance.level if standing.clearance else ""
        mark = mark_level(pack.level(level), run.surface.language) if level else "–"
        run.line(
            f"       {addressing.address_of(desk, me):<18} {me.post.zh} · {me.post.en}  {mark}"
        )


def _prepare(run: _Run, large_mib: int) -> None:
    folder = run.folder / "files"
    folder.mkdir()
    with run.surface.progress("demo.wait.files") as progress:
        run.files = make_exhibits(folder, large_size_bytes=large_mib * 2**20, progress=progress)
    run.step(4, "demo.files", count=len(run.files), size=_size(sum(_bytes(run.files))))
    for login in (_SENDER, _READER, _LOWER):
        correspondence.collect(run.world.desk(login))


def _draft(run: _Run, *to: str) -> correspondence.Draft:
    return correspondence.Draft(
        subject=_SUBJECT,
        text=_TEXT,
        level="机密",
        period="10年",
        urgency="特急",
        to=to,
        attachments=run.files,
    )


def _send(run: _Run) -> None:
    desk = run.world.desk(_SENDER)
    both = (f"{_READER}@EMB-B", f"{_LOWER}@EMB-B")
    run.step(5, "demo.send-both", to="、".join(both))
    run.refused("send_refused", lambda: correspondence.send(desk, _draft(run, *both)))
    run.more("demo.nothing-sent", objects=run.relay.saw()["counts"]["objects"])
    run.step(6, "demo.send-one", to=both[0])
    with run.surface.progress("demo.wait.seal") as progress:
        run.digest = correspondence.send(desk, _draft(run, both[0]), progress=progress)
    with run.surface.progress("demo.wait.submit") as progress:
        (delivered,) = correspondence.deliver(desk, progress=progress)
    if delivered.error is not None:
        raise delivered.error
    _states(run)


def _receive(run: _Run) -> None:
    desk = run.world.desk(_READER)
    run.step(7, "demo.collect", who=_READER)
    with run.surface.progress("demo.wait.collect") as progress:
        correspondence.collect(desk, progress=progress)
    _states(run)
    (listed,) = correspondence.inbox(desk)
    if listed.verified is None or listed.head is None:
        raise listed.refusal or OutOfOrderError("demo-not-shown")
    core = listed.verified.core
    pack = addressing.pack_of(desk, core.label)
    shown = banner(core.label, pack, exercise=desk.exercise)
    urgency = urgency_text(core.urgency, pack, run.surface.language)
    run.line(f"       {shown} · {urgency}")
    run.line(f"       {listed.head.subject}")
    out = run.folder / "opened"
    out.mkdir()
    sink = FolderSink(out)
    with run.surface.progress("demo.wait.open") as progress:
        correspondence.read(desk, _reference(run), sink, progress=progress)
    same = [_sha256(file) == _sha256(out / file.name) for file in run.files]
    if not all(same):
        raise OutOfOrderError("demo-differs")
    run.more("demo.identical", count=len(same), hash=_sha256(run.files[-1])[:16])
    correspondence.acknowledge(desk, _reference(run), remark="收到 received")
    correspondence.deliver(desk)
    run.more("demo.signed")
    correspondence.collect(run.world.desk(_SENDER))
    _states(run)
    run.told |= {"banner": shown, "identical": len(same)}


def _withdraw(run: _Run) -> None:
    agency = run.world.agencies["EMB-B"]
    run.step(8, "demo.withdraw", who=_READER)
    registry.withdraw_clearance(agency.registry, _READER)
    published = agency.publish(run.relay.url)
    for desk in agency.desks.values():
        enrolment.import_book(desk, published.book)
    desk = run.world.desk(_READER)
    enrolment.publish_snapshot(desk, published.book)
    run.refused("read_refused", lambda: correspondence.read(desk, _reference(run), MemorySink()))
    run.more("demo.outsider", who=_LOWER)
    other = run.world.desk(_LOWER)
    run.refused(
        "outsider_refused", lambda: correspondence.read(other, _reference(run), MemorySink())
    )


def _review(run: _Run) -> None:
    run.step(9, "demo.review")
    entries: list[LedgerEntry] = []
    for login, office in ((_SENDER, "chen.an"), (_READER, _OFFICE), (_LOWER, _OFFICE)):
        path = run.folder / f"{login}.ledger.sealed"
        with path.open("wb") as stream:
            audit.export_to_office(run.world.desk(login), stream)
        entries.extend(audit.read_file(run.world.desk(office), path).entries)
    reads = [row for row in who_read(entries) if not row.act.startswith("receipt")]
    for row in reads:
        run.more("demo.read-row", when=_when(row.t_us), who=row.actor, what=row.object_digest[:8])
    denied = refusals(entries)
    for refusal in denied:
        run.more(
            "demo.refusal-row",
            when=_when(refusal.t_us),
            who=refusal.actor,
            why=", ".join(refusal.reason_codes),
            ref=refusal.ref,
        )
    run.told |= {
        "reads": [row.actor for row in reads],
        "refusals": [list(row.reason_codes) for row in denied],
    }


def _tamper(run: _Run) -> None:
    desk, path = run.world.desk(_READER), run.folder / "j.okafor.ledger.jsonl"
    with path.open("wb") as stream:
        audit.export(desk, stream)
    office = run.world.desk(_OFFICE)
    verified = audit.read_file(office, path)
    run.step(
        10, "demo.verified", count=verified.summary.count, root=verified.summary.root.hex()[:16]
    )
    changed = run.folder / "j.okafor.changed.jsonl"
    index = _flip(path, changed, verified)
    try:
        audit.read_file(office, changed)
    except AuditInconsistentError as exc:
        run.more("demo.flipped", index=index, cause=cause(exc, run.surface.language))
        run.told["tampered"] = {"flipped": index, "reason": exc.reason, **exc.facts}
        if exc.facts.get("index") != index:
            raise
        return
    raise OutOfOrderError("demo-not-refused")


def _show_relay(run: _Run) -> None:
    saw = run.relay.saw()
    run.more("demo.relay-saw")
    for seen in saw["objects"]:
        mailboxes = " ".join(f"{box['handle'][:8]}:{box['state']}" for box in seen["mailboxes"])
        run.line(
            f"       {seen['received_at']}  {seen['submitter'][:8]} → {mailboxes}"
            f"  {_size(seen['body_bytes'])}"
        )
    run.more("demo.relay-blind")
    run.told["relay_saw"] = saw


def _states(run: _Run) -> None:
    ((_, outcomes),) = correspondence.sent(run.world.desk(_SENDER))
    for outcome in outcomes:
        state = run.surface.text(f"state.{outcome.state.value}")
        since = to_iso(outcome.at) if outcome.at is not None else ""
        run.more("demo.state", who=outcome.address, state=state, since=since)
        run.told.setdefault("states", []).append(outcome.state.value)


def _flip(source: Path, target: Path, verified: VerifiedExport) -> int:
    """Change one byte in the middle entry of an export; returns the entry's index."""
    lines = source.read_bytes().split(b"\n")
    place = 1 + verified.summary.count // 2
    line = bytearray(lines[place])
    where = line.index(b'"own_salt":"') + len(b'"own_salt":"')
    line[where] = ord("0") if line[where] != ord("0") else ord("1")
    lines[place] = bytes(line)
    target.write_bytes(b"\n".join(lines))
    return verified.summary.first + place - 1


def _reference(run: _Run) -> str:
    return (run.digest or b"").hex()[:12]


def _bytes(files: tuple[Path, ...]) -> list[int]:
    return [file.stat().st_size for file in files]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _size(octets: int) -> str:
    return f"{octets / 2**20:,.1f} MiB" if octets >= 2**20 else f"{octets:,} B"


def _when(t_us: int) -> str:
    return to_iso(t_us // 1_000_000)
