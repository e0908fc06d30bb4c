"""Who takes part in a simulation: users, their devices and groups, drawn from the seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class DeviceSpec:
    """One client. `consents`: what it says when it is asked for video; None: nothing."""

    name: str
    user: str
    consents: bool | None


@dataclass(frozen=True)
class GroupSpec:
    """A group of the hub's configuration."""

    members: tuple[str, ...]
    first_answer: bool


@dataclass(frozen=True)
class Cast:
    """All of them. `many`: the users who may be logged in with several devices at once."""

    users: tuple[str, ...]
    many: frozenset[str]
    devices: tuple[DeviceSpec, ...]
    groups: dict[str, GroupSpec]

    def neighbour(self, user: str, offset: int) -> str:
        """Return the user who stands so many places after `user`."""
        return self.users[(self.users.index(user) + offset) % len(self.users)]


def make_cast(rng: Random, count: int) -> Cast:
    """Draw `count` users: each fourth has many devices, each seventh a second one that kicks."""
    users = tuple(f"u{number:03d}" for number in range(count))
    many = frozenset(users[::4])
    devices = []
    for number, user in enumerate(users):
        several, kicks = rng.choice((2, 2, 3)), number % 7 == 1
        owned = several if user in many else 2 if kicks else 1
        for device in range(owned):
            consents = rng.choice((True, True, False, None))
            devices.append(DeviceSpec(f"{user}.{device + 1}", user, consents))
    return Cast(users, many, tuple(devices), _groups(rng, users))


def _groups(rng: Random, users: tuple[str, ...]) -> dict[str, GroupSpec]:
    groups = {}
    for number in range(max(2, len(users) // 8)):
        first_answer = number % 2 == 0
        members = rng.sample(users, min(len(users), rng.randint(3, 6)))
        name = f"{'family' if first_answer else 'ward'}-{number}"
        groups[name] = GroupSpec(tuple(members), first_answer)
    return groups


def hub_config(cast: Cast, port: int, state_dir: Path) -> str:
    """Return the hub's TOML."""
    lines = ["[hub]", f"port = {port}", f"state_dir = {json.dumps(str(state_dir))}"]
    for user in cast.users:
        lines += [f"[hub.users.{user}]", "open_door = true"]
        if user in cast.many:
            lines.append("multi_device = true")
    for name, group in cast.groups.items():
        mode = "first_answer" if group.first_answer else "conference"
        members = json.dumps(list(group.members))
        lines += [f"[hub.groups.{name}]", f"members = {members}", f'mode = "{mode}"']
    lines += ["[log]", 'level = "info"']
    return "\n".join(lines) + "\n"
