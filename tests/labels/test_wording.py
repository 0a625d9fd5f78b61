"""Which group is said where: the exact way, else the one that costs readers least."""

from secure_liaison.labels.wording import Group, Loss, Wording, Words, word

HOME, SWE, IRL, AUT = "group:NATO", "nation:SWE", "nation:IRL", "nation:AUT"


def words(*, named: bool = False, **narrowing: set[str]) -> Words:
    return Words(
        home=frozenset({HOME}),
        naming={"context": frozenset({HOME})} if named else {},
        widening={"rel": frozenset({HOME, SWE, IRL})},
        narrowing={name: frozenset(leaves) for name, leaves in narrowing.items()},
        home_needed=True,
    )


def best(known: Words, *groups: set[str]) -> Wording:
    return word(map(frozenset, groups), known)


def leaves(*each: str) -> Group:
    return frozenset(each)


def test_a_group_that_fits_two_lists_leaves_room_for_one_that_fits_one() -> None:
    known = words(one={SWE, AUT}, two={AUT})
    found = best(known, {HOME}, {AUT}, {SWE})
    assert found.narrow == {"one": leaves(SWE), "two": leaves(AUT)}
    assert (found.losses, found.unsaid) == ((), ())


def test_home_loses_least_even_if_more_leaves_are_lost() -> None:
    found = best(words(only={SWE, IRL}), {HOME, SWE}, {HOME, IRL})
    assert (found.wide, found.narrow) == ({"rel": leaves(HOME)}, {})
    assert found.losses == (Loss(category="rel", lost=leaves(SWE, IRL)),)


def test_a_list_of_home_alone_does_not_stand_for_what_both_releases_hold() -> None:
    found = best(words(named=True, only={HOME}), {HOME, SWE}, {HOME, IRL})
    assert (found.homes, found.wide, found.narrow) == (leaves(HOME), {}, {})


def test_fewest_groups_are_left_unsaid() -> None:
    fin = "nation:FIN"
    found = best(words(only={SWE, IRL, AUT, fin}), {HOME}, {AUT}, {SWE, IRL}, {SWE, fin})
    assert (found.narrow, found.unsaid) == ({"only": leaves(SWE)}, (leaves(AUT),))


def test_of_lists_without_home_the_one_that_loses_least_is_released_to() -> None:
    found = best(words(one={AUT, SWE}, two={IRL}), {AUT, SWE}, {IRL})
    assert found.wide == {"rel": leaves(HOME, IRL)}
    assert found.losses == ()


def test_many_groups_are_said_in_bounded_work() -> None:
    many = [{HOME, f"nation:{a}{b}A"} for a in "ABCDEFGH" for b in "ABCDEFGH"]
    found = best(words(only={HOME}), *many)
    assert found.unsaid == ()
    assert frozenset().union(*found.wide.values(), *found.narrow.values()) == {HOME}
