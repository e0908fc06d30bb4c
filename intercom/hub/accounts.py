"""Who there is and who may do what, from the configuration's tables."""

from __future__ import annotations

import time

import msgspec

from intercom.config import HubConfig, IceServer, UserConfig
from intercom.errors import Code, LoginError
from intercom.hub.calls import Group
from intercom.hub.keys import Keys
from intercom.hub.turn import credentials

NAMES_MAX, NAMES_BYTES = 200, 32 * 1024
"""How many users, and bytes of JSON, `names` gives at most: it goes out in one message."""


class Accounts:
    """The `Directory` of a hub whose users stand in its TOML.

    With no [hub.users] at all, everybody with a valid token is a user, with the default rights:
    the state of a first install.
    """

    def __init__(self, config: HubConfig, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        names = {user: self.name(user) for user in config.users}
        few = len(names) <= NAMES_MAX and len(msgspec.json.encode(names)) <= NAMES_BYTES
        self._names = names if few else {}

    def login(self, user_id: str, user_sig: str) -> None:
        """Raise LoginError unless the token is good and the user known."""
        self._keys.check(user_id, user_sig)
        self.known(user_id)

    def known(self, user_id: str) -> None:
        """Raise LoginError unless the user is known."""
        if not self.exists(user_id):
            raise LoginError(
                Code.UNKNOWN_USER, f'no user "{user_id}" at this hub: add it under [hub.users]'
            )

    def ice_servers(self, user_id: str) -> list[dict[str, str | list[str]]]:
        """Return the STUN and TURN servers for a client, as W3C's RTCIceServer."""
        return [_ice(server, user_id) for server in self._config.ice_servers]

    def expiring(self) -> bool:
        """Tell whether what `ice_servers` returns is good for a time only: turn.LIFETIME."""
        return any(server.secret for server in self._config.ice_servers)

    def exists(self, user_id: str) -> bool:
        """Tell whether the user is known."""
        return not self._config.users or user_id in self._config.users

    def name(self, user_id: str) -> str:
        """Return the name to show: the configured one, or the ID."""
        return self._user(user_id).name or user_id

    def names(self) -> dict[str, str]:
        """Return the name of every configured user; empty when they are too many for a message."""
        return self._names

    def multi_device(self, user_id: str) -> bool:
        """Tell whether the user may be logged in with several devices at once."""
        return self._user(user_id).multi_device

    def group(self, group_id: str) -> Group | None:
        """Return a group; None when there is none of that ID."""
        group = self._config.groups.get(group_id)
        return None if group is None else Group(group.members, group.mode == "first_answer")

    def group_max(self) -> int:
        """Return how many can be connected in one call."""
        return self._config.group_max

    def refuse_call(self, caller: str, callee: str) -> str | None:
        """Say why `caller` may not ring `callee`; None: it may."""
        allowed = self._user(caller).may_call
        if "*" in allowed or callee in allowed:
            return None
        return f'"{caller}" may not call "{callee}": see may_call in [hub.users.{caller}]'

    def refuse_group(self, caller: str, group_id: str) -> str | None:
        """Say why `caller` may not ring the group as such; None: it may."""
        if not {"*", group_id, f"group:{group_id}"}.isdisjoint(self._user(caller).may_call):
            return None
        return f'"{caller}" may not call "{group_id}": see may_call in [hub.users.{caller}]'

    def refuse_door(self, user_id: str) -> str | None:
        """Say why the user may not open doors; None: it may."""
        if self._user(user_id).open_door:
            return None
        return f'"{user_id}" may not open doors: set open_door in [hub.users.{user_id}]'

    def door_seconds(self) -> float:
        """Return how long a door stays open."""
        return self._config.door_seconds

    def _user(self, user_id: str) -> UserConfig:
        return self._config.users.get(user_id, UserConfig())


def _ice(server: IceServer, user_id: str) -> dict[str, str | list[str]]:
    entry: dict[str, str | list[str]] = {"urls": list(server.urls)}
    if server.secret:
        secret = server.secret.reveal()
        entry["username"], entry["credential"] = credentials(secret, user_id, time.time())
    if server.username:
        entry["username"] = server.username
    if server.credential:
        entry["credential"] = server.credential.reveal()
    return entry
