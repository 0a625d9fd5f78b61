"""An XML SPIF becomes a pack that judges labels as the SPIF does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.agreement import Equivalence, Treatment
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.ess import EssForm, read_ess
from secure_liaison.labels.ess_mapping import to_ess
from secure_liaison.labels.import_report import Severity
from secure_liaison.labels.label import Determination, DeterminationKind, Label
from secure_liaison.labels.marking import parse_mark, render
from secure_liaison.labels.naming import Basis, BasisStatus, MarkLanguage, Names
from secure_liaison.labels.pack import load_pack
from secure_liaison.labels.period import Period, PeriodForm
from secure_liaison.labels.policy import CategoryKind, Group, Membership, PolicyPack
from secure_liaison.labels.spif import import_spif
from secure_liaison.labels.spif_equivalence import level_entries
from secure_liaison.labels.spif_plan import Decisions
from secure_liaison.labels.validity import validate
from tests.labels.ess_samples import PACK
from tests.labels.samples import MINISTRY, pack_file
from tests.labels.spif_samples import changed, imported, pack_of

CREATED = from_iso("2026-03-02")
FOREIGN = Determination(kind=DeterminationKind.FOREIGN)
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "spif"


def labelled(pack: PolicyPack, level: str, **changes: Any) -> Label:
    label = Label(
        policy=pack.policy_id,
        level=level,
        audience=Audience.of([MINISTRY]),
        owner=MINISTRY,
        created=CREATED,
        period=Period(form=PeriodForm.OPEN, value=""),
    )
    return replace(label, **changes)


def markings(*names: str) -> dict[str, frozenset[str]]:
    return {
        "restrict": frozenset(name for name in names if name.startswith("projects:")),
        "inform": frozenset(name for name in names if name.startswith("notes:")),
    }


def refusal(pack: PolicyPack, label: Label) -> str:
    with pytest.raises(FormatError) as caught:
        validate(label, pack)
    return caught.value.reason


def test_the_file_written_is_the_pack_imported() -> None:
    found = imported()
    assert found.pack is not None
    assert load_pack(found.file) == found.pack


def test_what_the_file_says_is_carried_over() -> None:
    pack = pack_of()
    assert ("spif.testland@2026-03-01", "1.3.6.1.4.1.32473.2") == (pack.policy_id, pack.oid)
    assert [("open", 1, 1, False), ("shared", 2, 2, True), ("closed", 3, 3, False)] == [
        (each.id, each.rank, each.lacv, each.obsolete) for each in pack.levels
    ]
    assert [
        ("releasable-to", CategoryKind.WIDEN, "Releasable To", "1.3.6.1.4.1.32473.3.1"),
        ("projects", CategoryKind.RESTRICT, "Projects", "1.3.6.1.4.1.32473.3.2"),
        ("notes", CategoryKind.INFORM, "Notes", "1.3.6.1.4.1.32473.3.2"),
    ] == [(each.id, each.kind, each.tag, each.oid) for each in pack.categories]
    assert ["nation:FRA", "group:BLUE-FORCE"] == [v.leaf for v in pack.categories[0].values]


def test_each_fact_cites_the_file_and_how_well_it_is_known() -> None:
    pack = pack_of()
    digest = hashlib.sha256(changed()).hexdigest()
    cite = f"XML SPIF TESTLAND (1.3.6.1.4.1.32473.2), 7, 2026-03-01, SHA-256 {digest}"
    assert (Basis(cite=cite, status=BasisStatus.KNOWN),) == pack.levels[0].basis
    assert (Basis(cite=cite, status=BasisStatus.DEFAULT),) == pack.handling[0].basis


def test_defaults_are_strict_and_reported() -> None:
    found = imported()
    assert found.pack is not None
    assert all(level.reserved and level.rank > 0 for level in found.pack.levels)
    assert {"defaults", "level-defaults", "no-public-level"} <= {
        each.code for each in found.report.of(Severity.NOTE)
    }


@pytest.mark.parametrize(
    ("level", "names", "released"),
    [
        ("open", (), ()),
        ("shared", ("projects:red",), ()),
        ("closed", ("projects:red",), ()),
        ("closed", ("projects:green", "notes:quiet"), ()),
        ("closed", ("projects:red", "projects:gold", "notes:staff"), ("nation:FRA",)),
    ],
)
def test_what_the_policy_allows_is_valid(
    level: str, names: tuple[str, ...], released: tuple[str, ...]
) -> None:
    pack = pack_of()
    audience = Audience.of([MINISTRY, *released])
    label = labelled(pack, level, audience=audience, **markings(*names))
    # What came from elsewhere may bear a level that is no longer given.
    validate(replace(label, determination=FOREIGN), pack)


@pytest.mark.parametrize(
    ("level", "names", "released"),
    [
        ("open", ("projects:red",), ()),
        ("open", ("projects:green",), ()),
        ("closed", (), ()),
        ("closed", ("projects:red", "projects:green"), ()),
        ("shared", ("projects:red", "projects:gold", "notes:staff"), ("nation:FRA",)),
        ("closed", ("projects:red", "projects:gold", "notes:staff"), ()),
        (
            "closed",
            ("projects:red", "projects:gold", "notes:staff"),
            ("nation:FRA", "group:BLUE-FORCE@2026-03-02"),
        ),
        ("closed", ("projects:red", "projects:gold"), ("nation:FRA",)),
    ],
)
def test_what_the_policy_excludes_or_requires_is_refused(
    level: str, names: tuple[str, ...], released: tuple[str, ...]
) -> None:
    pack = pack_of()
    audience = Audience.of([MINISTRY, *released])
    label = labelled(pack, level, audience=audience, **markings(*names))
    assert "label-rule" == refusal(pack, label)


def test_marks_are_those_of_the_file() -> None:
    pack = pack_of()
    label = labelled(
        pack,
        "closed",
        audience=Audience.of([MINISTRY, "nation:FRA", "group:BLUE-FORCE@2026-03-02"]),
        **markings("projects:red", "notes:staff", "notes:quiet"),
    )
    rest = "REL TO FRA, BLUE FORCE RED STAFF ONLY"
    assert f"TL CLOSED {rest}" == render(label, pack, Language.EN, exercise=False)
    assert f"TL FERMÉ {rest}" == render(label, pack, MarkLanguage.FR, exercise=False)
    assert f"TL CLOSED {rest}(TESTLAND 第一级)" == render(label, pack, Language.ZH, exercise=False)
    printed = {"releasable-to:fra", "releasable-to:blue-force", "projects:red", "notes:staff"}
    assert printed == parse_mark(f"TL FERMÉ {rest}", pack).markings


def test_ess_labels_of_the_policy_are_written_in_its_forms() -> None:
    found = imported()
    assert found.pack is not None
    assert {
        "releasable-to": EssForm.ENUMERATED,
        "projects": EssForm.BITMAP,
        "notes": EssForm.ENUMERATED,
    } == dict(found.forms)
    label = labelled(
        found.pack,
        "closed",
        audience=Audience.of([MINISTRY, "nation:FRA"]),
        **markings("projects:red", "notes:staff"),
    )
    said = read_ess(to_ess(label, found.pack, forms=found.forms).octets)
    assert (3, {EssForm.ENUMERATED, EssForm.BITMAP}) == (
        said.classification,
        {each.form for each in said.tags},
    )


@pytest.mark.parametrize(
    ("options", "kind", "home"),
    [
        ({"widen": ["Partners"]}, CategoryKind.WIDEN, False),
        ({"narrow": ["Partners"]}, CategoryKind.NARROW, False),
        ({"context": ["Partners"]}, CategoryKind.NARROW, True),
    ],
)
def test_the_caller_decides_what_a_permissive_tag_means(
    options: dict[str, list[str]], kind: CategoryKind, *, home: bool
) -> None:
    renamed = ('Tag name="Releasable To"', 'Tag name="Partners"')
    found = pack_of(renamed, **options).categories[0]
    assert (kind, home) == (found.kind, found.home)


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("Releasable To", CategoryKind.WIDEN, "assumed-widen"),
        ("ONLY", CategoryKind.NARROW, "assumed-narrow"),
        ("Context", CategoryKind.NARROW, "assumed-context"),
    ],
)
def test_a_well_known_name_decides_and_says_so(name: str, kind: CategoryKind, code: str) -> None:
    found = imported(('Tag name="Releasable To"', f'Tag name="{name}"'))
    assert found.pack is not None
    assert kind is found.pack.categories[0].kind
    assert code in {each.code for each in found.report.of(Severity.WARNING)}


def test_the_name_of_the_set_decides_too() -> None:
    unnamed = ('Tag name="Projects" tagType="restrictive"', 'Tag tagType="permissive"')
    found = imported(
        unnamed,
        (
            '"Handling" tagType="restrictive" lacv="1"/>',
            '"Handling" tagType="permissive" lacv="1"/>',
        ),
        (
            '"Handling" tagType="restrictive" lacv="2"/>',
            '"Handling" tagType="permissive" lacv="2"/>',
        ),
        (
            '"Handling" tagType="restrictive" lacv="1"/>',
            '"Handling" tagType="permissive" lacv="1"/>',
        ),
        narrow=["Handling"],
    )
    assert found.pack is not None
    handling = found.pack.categories[1]
    assert ("handling", CategoryKind.NARROW) == (handling.id, handling.kind)
    assert EssForm.BITMAP is found.forms["handling"]


def test_a_supplement_fills_what_the_file_does_not_say() -> None:
    supplement = {
        "id": "testland",
        "names": {"zh": "试验国", "en": "Testland"},
        "home": "nation:TST",
        "public": "OPEN",
        "levels": {
            "CLOSED": {
                "names": {"zh": "封闭级", "en": "Closed"},
                "meaning": {"zh": "严重损害", "en": "serious harm"},
                "max_period_years": 20,
                "reserved": False,
            }
        },
        "categories": {
            "Releasable To": {
                "names": {"zh": "可交", "en": "Releasable to"},
                "values": {
                    "BLUE FORCE": {
                        "leaf": "group:BLUE",
                        "names": {"zh": "蓝军", "en": "Blue force"},
                    }
                },
            }
        },
        "groups": [
            {
                "id": "BLUE",
                "names": {"zh": "蓝军", "en": "Blue force"},
                "members": [{"leaf": "nation:SWE", "from": "2026-01-01", "to": None}],
                "basis": [{"cite": "test", "status": "known"}],
            }
        ],
        "basis": [{"cite": "Testland law", "status": "checked"}],
    }
    refused = imported(supplement=supplement)
    assert refused.pack is None  # a higher level with a shorter maximum than the lower ones
    supplement["levels"] |= {  # type: ignore[operator]  # a dictionary, see above
        name: {"max_period_years": 10} for name in ("OPEN", "SHARED")
    }
    pack = pack_of(supplement=supplement)
    assert ("testland", "nation:TST", 0) == (pack.id, pack.home, pack.levels[0].rank)
    assert Names(zh="封闭级", en="Closed") == pack.levels[2].names
    assert "TL CLOSED(试验国 第一级)" == pack.levels[2].mark.zh
    assert "group:BLUE" == pack.categories[0].values[1].leaf
    assert Membership(leaf="nation:SWE", joined="2026-01-01", left="") == pack.groups[0].members[0]
    assert "Testland law" == pack.basis[0].cite


def test_a_supplement_may_say_everything() -> None:
    generic = pack_file("generic")
    sections = (
        *("authority", "freshness", "groups", "period", "person_classes", "reasons"),
        *("urgencies", "workflow"),
    )
    level = {
        "names": {"zh": "级", "en": "level"},
        "meaning": {"zh": "损害", "en": "harm"},
        "handling": "ours",
        "max_period_years": None,
        "reserved": False,
    }
    names = {"OPEN": "甲", "SHARED": "乙", "CLOSED": "丙"}
    found = imported(
        supplement={name: generic[name] for name in sections}
        | {
            "authority": [],
            "id": "testland",
            "names": {"zh": "试验国", "en": "Testland"},
            "home": None,
            "public": "OPEN",
            "handling": [generic["handling"][0] | {"id": "ours"}],
            "levels": {
                name: level | {"names": {"zh": zh, "en": name}} for name, zh in names.items()
            },
        }
    )
    assert found.pack is not None
    assert {"leaf-group", "required-class"} == {
        each.code for each in found.report.of(Severity.NOTE)
    }


def test_a_french_prefix_stands_in_french_marks() -> None:
    english = '<s:qualifier markingQualifier="REL TO "'
    french = '<s:qualifier xml:lang="fr" markingQualifier="COMM. À " qualifierCode="prefix"/>'
    pack = pack_of((english, french + english))
    label = labelled(pack, "shared", audience=Audience.of([MINISTRY, "nation:FRA"]))
    assert "SHARED COMM. À FRA" == render(label, pack, MarkLanguage.FR, exercise=False)
    assert "SHARED REL TO FRA" == render(label, pack, Language.EN, exercise=False)


def test_values_of_two_tags_that_stand_for_one_leaf_are_told() -> None:
    tag = '<s:securityCategoryTag name="Display To" tagType="permissive">'
    values = '<s:tagCategory name="FRA" lacv="1"/></s:securityCategoryTag>'
    found = imported(
        (
            '<s:securityCategoryTag name="Projects"',
            f'{tag}{values}<s:securityCategoryTag name="Projects"',
        ),
        widen=["Display To"],
    )
    (told,) = [each for each in found.report.findings if each.code == "leaf-shared"]
    assert "nation:FRA" in told.sentence(Language.EN)


def test_many_values_made_of_one_word_are_read_in_little_work() -> None:
    """What a hostile file can name must not be tried in every combination."""
    many = "".join(
        f'<s:tagCategory name="{" ".join(["A"] * k)}" lacv="{k + 10}"/>' for k in range(1, 60)
    )
    found = imported(('<s:tagCategory name="STAFF"', f'{many}<s:tagCategory name="STAFF"'))
    assert found.report.findings


def test_groups_of_values_stand_in_the_pack_without_members() -> None:
    group = pack_of().groups[0]
    assert isinstance(group, Group)
    assert ("BLUE-FORCE", ()) == (group.id, group.members)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", ("2026-03-01", "")),
        ('notBefore="2026-04-01T00:00:00Z"', ("2026-04-01", "")),
        ('notBefore="2026-04-01T00:00:01Z"', ("2026-04-02", "")),
        ('notBefore="2026-04-01T00:00:00+08:00"', ("2026-04-01", "")),
        ('notBefore="2020-01-01T00:00:00"', ("2026-03-01", "")),
        ('notAfter="2027-12-31T23:59:59Z"', ("2026-03-01", "2028-01-01")),
        ('notAfter="2027-12-31T12:00:00Z"', ("2026-03-01", "2027-12-31")),
    ],
)
def test_the_file_s_validity_is_the_pack_s(attributes: str, expected: tuple[str, str]) -> None:
    pack = pack_of(('schemaVersion="2.1"', f'schemaVersion="2.1" {attributes}'))
    assert expected == (pack.valid_from, pack.valid_to)


@pytest.mark.parametrize(
    ("attributes", "obsolete", "valid_to"),
    [
        ('notBefore="2026-01-01T00:00:00Z"', False, ""),
        ('notAfter="2027-01-01T00:00:00Z"', False, "2027-01-01"),
        ('notBefore="2026-06-01T00:00:00Z"', True, "2026-06-01"),
        ('notAfter="2026-02-01T00:00:00Z"', True, ""),
        ('obsolete="true"', True, ""),
    ],
)
def test_no_value_outlives_its_own_dates(attributes: str, *, obsolete: bool, valid_to: str) -> None:
    pack = pack_of(('name="FRA" lacv="250"', f'name="FRA" lacv="250" {attributes}'))
    assert (obsolete, valid_to) == (pack.categories[0].values[0].obsolete, pack.valid_to)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('singleSelection="true"', (0, 1)),
        ('minSelection="1" maxSelection="2"', (1, 2)),
        ('maxSelection="unbounded"', (0, None)),
        ('singleSelection="1" maxSelection="1"', (0, 1)),
    ],
)
def test_selection_limits_are_carried_over(
    attributes: str, expected: tuple[int, int | None]
) -> None:
    pack = pack_of(('name="Notes"', f'name="Notes" {attributes}'))
    assert expected == (pack.categories[2].least, pack.categories[2].most)


def test_a_requirement_of_one_value_needs_no_operation() -> None:
    pack = pack_of(
        ('<s:requiredCategory operation="all">', "<s:requiredCategory>"),
    )
    label = labelled(
        pack,
        "closed",
        audience=Audience.of([MINISTRY, "nation:FRA"]),
        **markings("projects:red", "projects:gold"),
    )
    assert "label-rule" == refusal(pack, label)


def test_ids_are_made_of_any_names_and_stay_apart() -> None:
    pack = pack_of(
        ('name="Notes"', 'name="Officer"'),
        ('name="STAFF"', 'name="9 Ü"'),
        ('name="QUIET"', 'name="9 U"'),
        ('name="OPEN"', 'name="机构"'),
        (">OPEN<", ">机构<"),
        (">OPEN<", ">机构<"),
    )
    assert "officer-2" == pack.categories[2].id
    assert ["value-9-u", "value-9-u-2"] == [each.id for each in pack.categories[2].values]
    assert "level" == pack.levels[0].id


def test_equivalences_stand_beside_the_pack() -> None:
    found = imported()
    level, value = found.equivalences
    assert ("closed", "1.1", "4", Treatment.PROTECT_AS) == (
        level.level,
        level.policy,
        level.lacv,
        level.treatment,
    )
    assert ("projects:red", Treatment.REFUSE) == (value.marking, value.treatment)


@pytest.mark.parametrize(
    ("applied", "directions"),
    [
        ("both", [("closed", "secret"), ("secret", "closed")]),
        ("encrypt", [("closed", "secret")]),
        ("decrypt", [("secret", "closed")]),
    ],
)
def test_levels_become_entries_of_an_agreement(
    applied: str, directions: list[tuple[str, str]]
) -> None:
    found = imported(('applied="both"', f'applied="{applied}"'))
    assert found.pack is not None
    entries = level_entries(found.equivalences, (found.pack, PACK), article="3", valid_from=CREATED)
    assert directions == [(each.from_level, each.to_level) for each in entries]


def test_an_equivalence_that_demands_more_refuses() -> None:
    found = imported(
        (
            'lacv="4" applied="both"/>',
            'lacv="4" applied="encrypt"><s:requiredCategory/></s:equivalentClassification>',
        )
    )
    assert found.pack is not None
    entries = level_entries(found.equivalences, (found.pack, PACK), article="3", valid_from=CREATED)
    assert (
        Equivalence(
            from_policy="spif.testland",
            from_level="closed",
            to_policy="numbered",
            to_level="",
            treatment=Treatment.REFUSE,
            article="3",
            valid_from=CREATED,
        ),
    ) == entries


def test_an_equivalence_with_an_unknown_level_is_refused() -> None:
    found = imported(('lacv="4" applied', 'lacv="44" applied'))
    assert found.pack is not None
    with pytest.raises(FormatError) as caught:
        level_entries(found.equivalences, (found.pack, PACK), article="3", valid_from=CREATED)
    assert "spif-level" == caught.value.reason


@pytest.mark.parametrize(
    ("name", "decisions", "policy", "marks"),
    [
        (
            "NATO-SPIF-example.xml",
            Decisions(
                widen=frozenset({"Releasable To", "Releasable For"}),
            ),
            "spif.nato@2006-01-20",
            [
                "NATO SECRET ATOMAL SIOP ESI EXCLUSIVE RELEASABLE TO Albania (ALB) STAFF",
                "NATO RESTRICTED RELEASABLE TO Sweden (SWE)/Kosovo Force (KFOR)",
                "NATO CONFIDENTIAL",
            ],
        ),
        (
            "ACME-SPIF-example.xml",
            Decisions(),
            "spif.acme@2017-03-14",
            ["CONFIDENTIAL REL TO MOCK,PHONY", "INTERNAL FINANCE RED BLUE"],
        ),
    ],
)
def test_published_policies_import_and_their_marks_render(
    name: str, decisions: Decisions, policy: str, marks: list[str]
) -> None:
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"absent: {'/'.join(file.parts[-3:])} (published example policies)")
    found = import_spif(file.read_bytes(), decisions=decisions)
    pack = found.pack
    assert pack is not None
    assert policy == pack.policy_id
    assert "mark-ambiguous" not in {each.code for each in found.report.findings}
    for mark in marks:
        parsed = parse_mark(mark, pack)
        leaves = {
            f"{each.id}:{value.id}": value.leaf for each in pack.categories for value in each.values
        }
        released = [leaves[each] for each in parsed.markings if leaves[each]]
        label = labelled(
            pack,
            parsed.level,
            created=from_iso("2026-03-02"),
            audience=Audience.of(
                [MINISTRY]
                + [f"{each}@2026-03-02" if "group:" in each else each for each in released]
            ),
            restrict=frozenset(
                each
                for each in parsed.markings
                if pack.category(each.partition(":")[0]).kind is CategoryKind.RESTRICT
            ),
            inform=frozenset(
                each
                for each in parsed.markings
                if pack.category(each.partition(":")[0]).kind is CategoryKind.INFORM
            ),
        )
        validate(label, pack)
        assert mark == render(label, pack, Language.EN, exercise=False)
