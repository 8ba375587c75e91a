"""How many strangers of one address are let in."""

import pytest

from web.socket.sansio.door import Door


def let_in(door: Door, *addresses: str) -> list[bool]:
    return [door.enter(address) is not None for address in addresses]


def test_so_many_of_an_address_and_no_more_until_one_goes() -> None:
    door = Door(most=2)
    first = door.enter("192.0.2.1")
    assert first is not None
    assert let_in(door, "192.0.2.1", "192.0.2.1", "192.0.2.2") == [True, False, True]
    first.leave()
    first.leave()
    assert let_in(door, "192.0.2.1", "192.0.2.1") == [True, False]


def test_an_address_that_nobody_comes_from_any_more_is_forgotten() -> None:
    door = Door(most=2)
    guests = [door.enter("192.0.2.1"), door.enter("192.0.2.1")]
    assert door.enter("192.0.2.1") is None
    for guest in guests:
        assert guest is not None
        guest.leave()
    assert not door.inside


def test_of_ipv6_the_network_is_counted() -> None:
    door = Door(most=1)
    assert let_in(door, "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1") == [True, False, True]
    assert let_in(door, "fe80::1%eth0", "fe80::2%eth0") == [True, False]


def test_an_ipv4_address_is_the_same_in_ipv6() -> None:
    door = Door(most=1)
    assert let_in(door, "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2") == [True, False, True]


@pytest.mark.parametrize("proxy", ["192.0.2.1", "192.0.2.0/24", "192.0.2.9/24", "*"])
def test_a_trusted_proxy_is_not_counted(proxy: str) -> None:
    door = Door(("nonsense", proxy, "::1"), most=1)
    assert let_in(door, *["192.0.2.1"] * 3, *["::ffff:192.0.2.1"] * 3, "::1", "::1") == [True] * 8
    assert let_in(door, "198.51.100.1", "198.51.100.1") == [True, proxy == "*"]


def test_a_guest_of_a_trusted_proxy_leaves_nothing_behind() -> None:
    door = Door(("192.0.2.1",))
    guest = door.enter("192.0.2.1")
    assert guest is not None
    guest.leave()
    assert not door.inside


def test_what_comes_over_no_network_is_not_counted() -> None:
    assert let_in(Door(most=1), "", "", "/run/socket", "/run/socket") == [True] * 4
