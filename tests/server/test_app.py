"""The relay as its own process: what must hold across restarts, crashes and many at once."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from liaison_relay.app import _publish
from liaison_relay.settings import RelaySettings
from liaison_relay.storage.port import AgencyRow, DeviceRow, PublishOutcome
from secure_liaison.clock import SystemClock
from secure_liaison.errors import RelayUnreachableError
from secure_liaison.wire import EMPTY_DIGEST, OBJECT_TYPE, decode_refusal, sign_request
from tests.factories import World
from tests.parcels import make_parcel
from tests.server.running import LEFT_OPEN, RelayProcess, admit, desk, run_relay, running

SENDER, READER = "li.wei@EMB-A", "j.okafor@EMB-B"


@pytest.fixture(scope="session")
def admitted(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("admitted") / "relay"
    for agency in world.agencies.values():
        done = admit(path, agency)
        assert 0 == done.returncode, done.stderr
    return path


@pytest.fixture
def folder(admitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(admitted, tmp_path / "relay"))


@pytest.fixture
def relay(folder: Path) -> Iterator[RelayProcess]:
    with running(folder) as process:
        yield process


def test_eight_mebibytes_travel_from_desk_to_desk(
    relay: RelayProcess, world: World, tmp_path: Path
) -> None:
    sender, reader = world.officer(SENDER).device, world.officer(READER).device
    parcel = make_parcel(world.realm, [reader.handle], size=8 * 2**20)
    file = tmp_path / "body"
    file.write_bytes(parcel.body)
    steps: list[tuple[int, int]] = []
    desk(relay.url, sender).submit(
        parcel.submission, parcel.leaves, file, lambda done, whole: steps.append((done, whole))
    )
    assert (len(parcel.body), len(parcel.body)) == steps[-1]
    mine = desk(relay.url, reader)
    item = mine.collect().items[0]
    sink = io.BytesIO()
    mine.fetch_body(parcel.digest, sink, size=item.body_size)
    assert parcel.body == sink.getvalue()


def test_what_was_taken_and_seen_survives_a_restart(folder: Path, world: World) -> None:
    sender, reader = world.officer(SENDER).device, world.officer(READER).device
    parcel = make_parcel(world.realm, [reader.handle])
    file = folder.parent / "body"
    file.write_bytes(parcel.body)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = f"http://127.0.0.1:{port}/v0/mailbox?after=0&limit=9"
    seen = sign_request(
        method="GET",
        target_uri=target,
        content_digest=EMPTY_DIGEST,
        created=SystemClock().now(),
        device=reader.handle,
        key=reader.request,
    )
    public = ("--public-url", f"http://127.0.0.1:{port}")
    with running(folder, "--port", str(port), *public) as first:
        desk(first.url, sender).submit(parcel.submission, parcel.leaves, file)
        assert 200 == httpx2.get(target, headers=seen, trust_env=False).status_code
        assert 0 == first.stop()
    with running(folder, "--port", str(port), *public) as second:
        replayed = httpx2.get(target, headers=seen, trust_env=False)
        assert "not-admitted" == decode_refusal(replayed.content).code.value
        assert 1 == len(desk(second.url, reader).collect().items)


def test_a_relay_killed_in_the_middle_of_a_submission_keeps_nothing_of_it(
    folder: Path, world: World
) -> None:
    sender, reader = world.officer(SENDER).device, world.officer(READER).device
    parcel = make_parcel(world.realm, [reader.handle], size=4 * 2**20)
    file = folder.parent / "body"
    file.write_bytes(parcel.body)
    with running(folder) as relay:
        half_submitted(relay, parcel.content, sender.handle, sender.request)
        incoming = folder / "bodies" / "incoming"
        while not any(incoming.iterdir()):
            os.sched_yield()
        relay.kill()
        assert any(incoming.iterdir())
    with running(folder) as relay:
        assert () == desk(relay.url, reader).collect().items
        assert [] == [path for path in (folder / "bodies").rglob("*") if path.is_file()]
        desk(relay.url, sender).submit(parcel.submission, parcel.leaves, file)
        assert 1 == len(desk(relay.url, reader).collect().items)


def half_submitted(relay: RelayProcess, content: bytes, handle: bytes, key: object) -> None:
    """Send three quarters of a submission and leave the connection open."""
    headers = sign_request(
        method="POST",
        target_uri=f"{relay.url}/v0/objects",
        content_digest=EMPTY_DIGEST,
        created=SystemClock().now(),
        device=handle,
        key=key,  # type: ignore[arg-type]  # a request key
    )
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(content)}", f"content-type: {OBJECT_TYPE}"]
    port = int(relay.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port))
    LEFT_OPEN.append(connection.close)
    head = "POST /v0/objects HTTP/1.1\r\nhost: relay\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    connection.sendall(head.encode() + content[: len(content) * 3 // 4])


def test_fifty_submissions_at_once_are_all_kept_in_order(
    relay: RelayProcess, world: World, tmp_path: Path
) -> None:
    sender, reader = world.officer(SENDER).device, world.officer(READER).device

    def send(number: int) -> bytes:
        parcel = make_parcel(world.realm, [reader.handle], size=4096)
        file = tmp_path / f"body-{number}"
        file.write_bytes(parcel.body)
        desk(relay.url, sender).submit(parcel.submission, parcel.leaves, file)
        return parcel.digest

    with ThreadPoolExecutor(16) as pool:
        sent = set(pool.map(send, range(50)))
    items = desk(relay.url, reader).collect().items
    assert list(range(1, 51)) == [item.seq for item in items]
    assert 50 == len(sent)


def test_a_relay_told_that_it_was_restored_names_another_instance(
    folder: Path, world: World
) -> None:
    seen = []
    for options in ((), (), ("--restored",)):
        with running(folder, *options) as relay:
            seen.append(desk(relay.url, world.officer(READER).device).collect().instance)
    assert seen[0] == seen[1] != seen[2]


def test_devices_with_handles_of_others_are_counted_out(tmp_path: Path) -> None:
    settings = RelaySettings(folder=tmp_path / "relay")

    def publish(agency: int, *handles: int) -> tuple[PublishOutcome, int]:
        row = AgencyRow(
            agency=bytes([agency]) * 32,
            realm=bytes(32),
            anchor=b"",
            snapshot=bytes([agency]),
            epoch=1,
            sequence=1,
        )
        devices = tuple(
            DeviceRow(
                handle=bytes([handle]) * 16,
                agency=row.agency,
                realm=row.realm,
                request_key=b"",
                signing_key=b"",
                not_before=0,
                not_after=1,
            )
            for handle in handles
        )
        return _publish(settings, row, devices)

    assert (PublishOutcome.STORED, 0) == publish(1, 1, 2)
    assert (PublishOutcome.STORED, 1) == publish(2, 2, 3)


def test_a_second_relay_on_one_folder_is_refused(relay: RelayProcess) -> None:
    second = run_relay("serve", "--folder", str(relay.folder), "--port", "0")
    assert 1 == second.returncode
    assert "Another relay already runs on this folder" in second.stderr


def test_an_agency_is_admitted_while_the_relay_runs(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "relay"
    device = world.officer(READER).device
    with running(folder) as relay:
        assert 0 == admit(folder, world.agencies["EMB-B"]).returncode
        assert () == desk(relay.url, device).collect().items


def test_another_key_does_not_open_the_store(folder: Path) -> None:
    key = folder / "relay.key"
    key.write_text(f"{'0' * 64}\n")
    done = run_relay("show", "--folder", str(folder))
    assert 1 == done.returncode
    assert "does not open with this key" in done.stderr


def test_a_missing_key_is_not_made_anew_beside_a_store(folder: Path) -> None:
    (folder / "relay.key").unlink()
    done = run_relay("show", "--folder", str(folder))
    assert 1 == done.returncode
    assert "no key for it" in done.stderr
    assert not (folder / "relay.key").exists()


def test_a_key_that_others_can_read_is_refused(folder: Path) -> None:
    (folder / "relay.key").chmod(0o644)
    done = run_relay("show", "--folder", str(folder), "--lang", "zh")
    assert 1 == done.returncode
    assert "他人可以读取" in done.stderr


def test_the_key_may_come_from_the_service_manager(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (folder / "relay.key").rename(credentials / "relay.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert 0 == run_relay("show", "--folder", str(folder)).returncode


def test_the_store_on_disk_shows_no_handle(relay: RelayProcess, world: World) -> None:
    relay.stop()
    handle = world.officer(READER).device.handle
    for path in relay.folder.glob("relay.db*"):
        assert path.read_bytes().count(handle) == 0


def test_the_log_names_requests_and_nobody(relay: RelayProcess, world: World) -> None:
    device = world.officer(READER).device
    desk(relay.url, device).collect()
    relay.stop()
    lines = [json.loads(line) for line in relay.log().splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert ["/v0/mailbox"] == [line["route"] for line in requests]
    assert re.fullmatch(r"[0-9a-f]{32}", requests[0]["request_id"])
    assert device.handle.hex() not in relay.log()
    assert "127.0.0.1" not in relay.log()


def test_show_tells_what_the_relay_saw(relay: RelayProcess, world: World) -> None:
    sender, reader = world.officer(SENDER).device, world.officer(READER).device
    parcel = make_parcel(world.realm, [reader.handle])
    file = relay.folder.parent / "body"
    file.write_bytes(parcel.body)
    desk(relay.url, sender).submit(parcel.submission, parcel.leaves, file)
    told = json.loads(run_relay("show", "--folder", str(relay.folder), "--json").stdout)
    assert sender.handle.hex() == told["objects"][0]["submitter"]
    assert len(parcel.body) == told["objects"][0]["body_bytes"]
    assert [(reader.handle.hex(), "held")] == [
        (box["handle"], box["state"]) for box in told["objects"][0]["mailboxes"]
    ]
    for language in ("zh", "en"):
        lines = run_relay("show", "--folder", str(relay.folder), "--lang", language).stdout
        assert reader.handle.hex() in lines


def test_an_agency_needs_its_forty_digits(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "relay"
    agency = world.agencies["EMB-A"]
    file = tmp_path / "admission-EMB-A.bin"
    assert 0 == admit(folder, agency).returncode
    without = run_relay("admit", str(file), "--folder", str(folder))
    assert 1 == without.returncode
    assert agency.anchor.digits() in without.stderr
    wrong = run_relay("admit", str(file), "--digits", "1" * 40, "--folder", str(tmp_path / "new"))
    assert 4 == wrong.returncode
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_no_snapshot_is_not_admitted(tmp_path: Path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(b"\xff" * 100)
    done = run_relay("admit", str(file), "--digits", "1" * 40, "--folder", str(tmp_path / "new"))
    assert 4 == done.returncode


@pytest.mark.parametrize(("language", "word"), [("en", "Admit an agency"), ("zh", "准入一个机构")])
def test_help_speaks_both_languages_and_has_examples(language: str, word: str) -> None:
    for arguments in (("--lang", language, "admit"), ("admit", "--lang", language)):
        done = run_relay(*arguments, "--help")
        assert word in done.stdout
        assert "liaison-relay admit admission" in done.stdout


def test_a_setting_outside_its_range_is_named(tmp_path: Path) -> None:
    done = run_relay("serve", "--folder", str(tmp_path / "relay"), "--port", "70000")
    assert 2 == done.returncode
    assert "port" in done.stderr


def test_a_relay_that_is_gone_is_unreachable(relay: RelayProcess, world: World) -> None:
    relay.stop()
    with pytest.raises(RelayUnreachableError) as caught:
        desk(relay.url, world.officer(READER).device).collect()
    assert "connect" == caught.value.reason


def test_health_needs_no_signature(relay: RelayProcess) -> None:
    answer = httpx2.get(f"{relay.url}/v0/health", trust_env=False)
    assert {"status": "ok"} == answer.json()
