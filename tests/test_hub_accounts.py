"""Who may do what, and what everybody is called."""

from __future__ import annotations

import pytest

from intercom.config import GroupConfig, HubConfig, IceServer, Secret, UserConfig
from intercom.errors import Code, LoginError
from intercom.hub.accounts import NAMES_MAX, Accounts
from intercom.hub.calls import Group
from intercom.hub.keys import Keys

USERS = {
    "door": UserConfig(name="Front door", may_call=("indoor",)),
    "indoor": UserConfig(open_door=True),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("hub"))


def accounts(keys: Keys, **config: object) -> Accounts:
    return Accounts(HubConfig(**({"users": USERS, "door_seconds": 4.0} | config)), keys)  # type: ignore[arg-type]  # any key


def test_names(keys: Keys) -> None:
    some = accounts(keys)
    assert some.names() == {"door": "Front door", "indoor": "indoor"}
    assert some.name("stranger") == "stranger"


@pytest.mark.parametrize(("count", "told"), [(NAMES_MAX, NAMES_MAX), (NAMES_MAX + 1, 0)])
def test_names_of_a_big_hub_are_not_told_all_at_once(keys: Keys, count: int, told: int) -> None:
    users = {f"user{n}": UserConfig(name="N") for n in range(count)}
    assert len(accounts(keys, users=users).names()) == told


def test_long_names_are_not_told_all_at_once(keys: Keys) -> None:
    users = {f"user{n}": UserConfig(name="\U0001f6aa" * 200) for n in range(NAMES_MAX)}
    assert accounts(keys, users=users).names() == {}


def test_rights(keys: Keys) -> None:
    some = accounts(keys)
    assert some.refuse_call("door", "indoor") is None
    assert some.refuse_call("indoor", "door") is None
    assert "may_call" in (some.refuse_call("door", "desk") or "")
    assert some.refuse_door("indoor") is None
    assert "open_door" in (some.refuse_door("door") or "")
    assert some.door_seconds() == 4.0


def test_groups_and_devices(keys: Keys) -> None:
    users = USERS | {"mum": UserConfig(may_call=("group:home", "ward"), multi_device=True)}
    home = GroupConfig(members=("door", "indoor"))
    ward = GroupConfig(members=("mum",), mode="conference")
    groups = {"home": home, "ward": ward, "choir": ward}
    some = accounts(keys, users=users, groups=groups, group_max=3)
    assert some.group("home") == Group(("door", "indoor"), first_answer=True)
    assert some.group("ward") == Group(("mum",), first_answer=False)
    assert some.group("nobody") is None
    assert some.group_max() == 3
    assert some.multi_device("mum")
    assert not some.multi_device("door")
    assert not some.multi_device("stranger")
    refused = [some.refuse_group("mum", group) for group in ("home", "ward", "choir")]
    assert refused[:2] == [None, None]
    assert "may_call" in (refused[2] or "")
    assert some.refuse_group("indoor", "choir") is None  # may_call = ["*"]
    assert some.refuse_group("door", "home") is not None  # each of its members would do


def test_without_a_table_everybody_with_a_token_is_a_user(keys: Keys) -> None:
    some = accounts(keys, users={})
    some.login("anybody", keys.mint("anybody", 1))
    assert some.exists("anybody")
    assert some.refuse_door("anybody") is not None
    with pytest.raises(LoginError) as error:
        accounts(keys).login("anybody", keys.mint("anybody", 1))
    assert error.value.code is Code.UNKNOWN_USER


def test_ice_servers_reveal_their_secrets_to_clients_only(keys: Keys) -> None:
    servers = (
        IceServer(urls=("stun:a",)),
        IceServer(urls=("turn:b", "turns:b"), username="u", credential=Secret("s")),
    )
    some = accounts(keys, ice_servers=servers)
    assert some.ice_servers("door") == [
        {"urls": ["stun:a"]},
        {"urls": ["turn:b", "turns:b"], "username": "u", "credential": "s"},
    ]
    assert "'s'" not in repr(servers)
