"""What holds for every pack that ships: what its facts rest on, and when it is in force."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.labels.naming import MarkLanguage
from secure_liaison.labels.pack import BUILTIN_PACKS, builtin_pack, pack_in_force
from secure_liaison.labels.policy import PolicyPack
from tests.labels.samples import pack_file
from tests.labels.walking import bases

FOLDER = Path(__file__).parents[1] / "policy"
BASES = tomllib.loads((FOLDER / "bases.toml").read_text(encoding="utf-8"))
VERSIONS = tomllib.loads((FOLDER / "versions.toml").read_text(encoding="utf-8"))["case"]
READ = {source["name"]: set(source["articles"]) for source in BASES["source"]}
ARTICLE = re.compile(r"第([一二三四五六七八九十百]+)条")
CHINESE_LEVELS = ("秘密", "机密", "绝密", "機密", "絕密")

every_pack = pytest.mark.parametrize(
    "pack", [builtin_pack(name) for name in BUILTIN_PACKS], ids=lambda pack: pack.policy_id
)


@every_pack
def test_pack_says_how_well_its_facts_are_known(pack: PolicyPack) -> None:
    stated = {row["id"]: set(row["statuses"]) for row in BASES["pack"]}
    found = {status for _, status in bases(pack_file(pack.policy_id))}
    assert stated[pack.policy_id] == found


@every_pack
def test_checked_facts_cite_only_what_was_read(pack: PolicyPack) -> None:
    checked = {cite for cite, status in bases(pack_file(pack.policy_id)) if status == "checked"}
    unread = {
        cite
        for cite in checked
        if not any(
            cite.startswith(source) and set(ARTICLE.findall(cite)) <= articles
            for source, articles in READ.items()
        )
    }
    assert unread == set()


@every_pack
def test_file_is_named_by_its_policy_and_version(pack: PolicyPack) -> None:
    assert pack.policy_id in BUILTIN_PACKS
    assert not pack.supersedes or pack.supersedes in BUILTIN_PACKS


@pytest.mark.parametrize("case", VERSIONS, ids=lambda case: case["say"])
def test_old_label_is_judged_by_the_version_of_its_day(case: dict[str, Any]) -> None:
    at = from_iso(case["day"])
    if "refused" in case:
        with pytest.raises(FormatError, match=case["refused"]):
            pack_in_force(case["policy"], at)
    else:
        assert pack_in_force(case["policy"], at).version == case["version"]


@every_pack
def test_two_versions_of_a_policy_are_never_in_force_together(pack: PolicyPack) -> None:
    others = [builtin_pack(name) for name in BUILTIN_PACKS if name.startswith(f"{pack.id}@")]
    assert not any(
        other.in_force(from_iso(pack.valid_from)) for other in others if other is not pack
    )


@every_pack
def test_chinese_mark_of_a_foreign_level_keeps_the_original_first(pack: PolicyPack) -> None:
    if pack.marking.original is MarkLanguage.ZH:
        return
    for level in pack.levels:
        original = level.mark.text(pack.marking.original)
        assert re.fullmatch(
            re.escape(original) + r"\([^()]+ (?:第[一二三四五六]级|非密级)\)", level.mark.zh
        )


@every_pack
def test_foreign_pack_never_calls_anything_by_a_level_of_state_secrets(pack: PolicyPack) -> None:
    if pack.id.startswith("cn."):
        return
    levels = pack_file(pack.policy_id)["levels"]
    for level in levels:
        chinese = level["names"]["zh"] + level["mark"]["zh"] + level["meaning"]["zh"]
        assert not any(word in chinese for word in CHINESE_LEVELS)
