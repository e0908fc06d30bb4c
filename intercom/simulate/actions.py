"""What users do with their devices, by name; the names are those of `decisions`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from intercom.phases import State
from intercom.protocol import CallType
from intercom.simulate.decisions import Decision
from intercom.simulate.device import Device
from intercom.simulate.entries import Added, Asked

Room = Mapping[str, list[Device]]
"""The devices of each user."""
Action = Callable[[Device, Decision, Room], Awaitable[None]]


def action_of(device: Device, decision: Decision) -> str:
    """Return what the decision says for the state that the device is in."""
    if not device.online:
        return decision.offline
    match device.state:
        case State.IDLE:
            return decision.idle
        case State.CALLING:
            return decision.calling
        case State.RINGING:
            return decision.ringing
        case State.CONNECTED:
            return decision.connected


async def act(device: Device, decision: Decision, room: Room) -> None:
    """Let the device do it, and write down what became of it."""
    what = action_of(device, decision)
    if what != "wait":
        await device.doing(what, lambda: ACTIONS[what](device, decision, room))


async def _login(device: Device, decision: Decision, room: Room) -> None:
    await device.login()


async def _logout(device: Device, decision: Decision, room: Room) -> None:
    await device.logout()


# -- calls -----------------------------------------------------------------------------------


async def _call(device: Device, decision: Decision, room: Room) -> None:
    callee = device.cast.neighbour(device.spec.user, decision.offsets[0])
    await device.calling.call(callee, type=decision.type, timeout=decision.ring)


async def _cross(device: Device, decision: Decision, room: Room) -> None:
    """Both call each other at once."""
    me, other = device.spec.user, device.cast.neighbour(device.spec.user, decision.offsets[0])
    free = [one for one in room[other] if one.online and one.state is State.IDLE]
    kind, ring = decision.type, decision.ring
    if free:
        back = free[0].calling.call
        free[0].tasks.spawn(free[0].doing("call", lambda: back(me, type=kind, timeout=ring)))
    await device.calling.call(other, type=kind, timeout=ring)


def _several(device: Device, decision: Decision) -> list[str]:
    return [device.cast.neighbour(device.spec.user, offset) for offset in decision.offsets]


async def _ring_some(device: Device, decision: Decision, room: Room) -> None:
    users = _several(device, decision)
    await device.calling.group_call(users, type=decision.type, timeout=decision.ring)


async def _ring_group(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.group_call(
        group_id=decision.group, type=decision.type, timeout=decision.ring
    )


async def _add(device: Device, decision: Decision, room: Room) -> None:
    users = _several(device, decision)[:2]
    device.tell(Added(*device.me, device.calling.call_id, tuple(users), decision.ring))
    await device.calling.group_call(users, timeout=decision.ring)


async def _join(device: Device, decision: Decision, room: Room) -> None:
    """Come back to a call that it was in, if there was one."""
    call_id = device.past[-1] if device.past else "no-such-call"
    device.tell(Asked(*device.me, call_id, "join"))
    await device.calling.join(call_id)


async def _take_over(device: Device, decision: Decision, room: Room) -> None:
    """Take the call that another device of the user is in."""
    await device.calling.join()


# -- answers ---------------------------------------------------------------------------------


async def _accept(device: Device, decision: Decision, room: Room) -> None:
    device.tell(Asked(*device.me, device.calling.call_id, "accept"))
    await device.calling.accept()


async def _accept_twice(device: Device, decision: Decision, room: Room) -> None:
    device.tell(Asked(*device.me, device.calling.call_id, "accept"))
    await asyncio.gather(device.calling.accept(), _quietly(device.calling.accept()))


async def _accept_hangup(device: Device, decision: Decision, room: Room) -> None:
    device.tell(Asked(*device.me, device.calling.call_id, "accept"))
    await asyncio.gather(device.calling.accept(), device.calling.hangup())


async def _reject(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.reject()


async def _busy(device: Device, decision: Decision, room: Room) -> None:
    device.tell(Asked(*device.me, device.calling.call_id, "reject_busy"))
    await device.calling.reject(busy=True)


async def _hangup(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.hangup()


async def _hangup_race(device: Device, decision: Decision, room: Room) -> None:
    await asyncio.gather(device.calling.hangup(), device.calling.hangup())


# -- in a call -------------------------------------------------------------------------------


async def _text(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.send_text(f"I am {device.spec.name}")


async def _door(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.open_door()


async def _mute(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.set_mic_mute(not device.calling.muted)


async def _camera(device: Device, decision: Decision, room: Room) -> None:
    if decision.type is CallType.VIDEO:
        await device.calling.open_camera()
    else:
        await device.calling.close_camera()


async def _switch(device: Device, decision: Decision, room: Room) -> None:
    await device.calling.switch_call_type(decision.type)


async def _illegal(device: Device, decision: Decision, room: Room) -> None:
    """What nobody may do in IDLE; then what everybody may."""
    await _quietly(device.calling.accept())
    await _quietly(device.calling.reject())
    await device.calling.hangup()
    await device.calling.send_text("to nobody")


async def _quietly(work: Awaitable[None]) -> None:
    """Let it fail."""
    await asyncio.gather(work, return_exceptions=True)


ACTIONS: dict[str, Action] = {
    "login": _login, "logout": _logout, "call": _call, "cross": _cross, "ring_some": _ring_some,
    "ring_group": _ring_group, "add": _add, "join": _join, "take_over": _take_over,
    "accept": _accept, "accept_twice": _accept_twice, "accept_hangup": _accept_hangup,
    "reject": _reject, "busy": _busy, "hangup": _hangup, "hangup_race": _hangup_race,
    "text": _text, "door": _door, "mute": _mute, "camera": _camera, "switch": _switch,
    "illegal": _illegal,
}  # fmt: skip
