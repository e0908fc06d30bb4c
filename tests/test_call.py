"""What users hear of a call, in which words, and what is none of a call's business."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intercom import phases as ph
from intercom import protocol as p
from intercom.call import feed
from intercom.errors import CallingError, Code
from intercom.events import Event
from intercom.phases import State
from intercom.protocol import LOST_GRACE, RETURN_GRACE, CallType, Reason

from .call_states import (
    CALL,
    CALLED,
    CALLING,
    CONNECTED,
    JOINING,
    LATE,
    LINK_MESSAGES,
    ME,
    OTHER,
    PEER,
    RINGING,
    RUNG,
    STATES,
    THIRD,
    commands,
    invited,
    messages,
    roster,
)

NOW = 107.9
EVERY = [*(phase for phases in STATES.values() for phase in phases), JOINING]
IN_CALL = [phase for phase in EVERY if not isinstance(phase, ph.Idle)]
WAITING = replace(CALLING, waiting=invited(OTHER, THIRD))
ID = {"invite_id": CALL}
HERE = ID | {"user_id": PEER}


def heard(phase: ph.Phase, event: ph.Input) -> list[tuple[Event, dict[str, Any]]]:
    """What users hear of an event."""
    _, effects = feed(phase, event, NOW)
    return [(e.event, e.payload) for e in effects if isinstance(e, ph.Emit)]


def sent(phase: ph.Phase, event: ph.Input) -> list[p.Message]:
    """What the hub is told of an event."""
    _, effects = feed(phase, event, NOW)
    return [e.message for e in effects if isinstance(e, ph.Send)]


def end(reason: str, user: str = PEER, seconds: int = 0, call_id: str = CALL) -> Any:
    """The CALL_END of a call."""
    payload = {"invite_id": call_id, "user_id": user, "call_end": seconds, "reason": reason}
    return (Event.CALL_END, payload)


def ring(call_id: str, sponsor: str) -> Any:
    """The INVITED of `call_states.invited`."""
    payload = {
        "invite_id": call_id,
        "sponsor": sponsor,
        "user_id_list": [ME],
        "group_id": "",
        "is_from_group": False,
        "call_type": 2,
        "room_id": call_id,
        "timeout": 30.0,
        "invite_data": "hello",
    }
    return (Event.INVITED, payload)


def shows(video: bool, audio: bool) -> list[Any]:
    """What is told of the peer's devices."""
    return [
        (Event.USER_VIDEO_AVAILABLE, {"user_id": PEER, "is_video_available": video}),
        (Event.USER_AUDIO_AVAILABLE, {"user_id": PEER, "is_audio_available": audio}),
    ]


ENTER = (Event.USER_ENTER, {"user_id": PEER})
ACCEPT = (Event.USER_ACCEPT, HERE)
BUSY = {"sponsor": ME, "user_id": PEER}
THEIR_BUSY = p.Busy(OTHER, THIRD, ME, to_callee=True)
THEIRS = (Event.LINE_BUSY, {"invite_id": OTHER, "sponsor": THIRD, "user_id": ME})

HEARD: dict[str, tuple[ph.Phase, ph.Input, list[Any]]] = {
    "it rings here": (ph.Idle(), invited(), [ring(CALL, PEER)]),
    "it rings there": (CALLING, p.Rang(CALL, PEER, 2), [(Event.RINGING, HERE)]),
    "it rings there, told again": (RUNG, p.Rang(CALL, PEER, 2), []),
    "they took it": (
        CALLING,
        p.Accepted(CALL, PEER, 2, video=True, audio=False),
        [ACCEPT, ENTER, *shows(True, False)],
    ),
    "we have it": (replace(RINGING, answering=True), roster(), [ENTER, *shows(True, True)]),
    "glare": (
        WAITING,
        p.Merged(OTHER, CALL, PEER, PEER, CallType.AUDIO, 2, 1, video=False),
        [
            (Event.USER_ACCEPT, {"invite_id": OTHER, "user_id": PEER}),
            ENTER,
            *shows(False, True),
        ],
    ),
    "they reject": (CALLING, p.Rejected(CALL, PEER), [(Event.REJECT, HERE)]),
    "they are busy": (CALLING, p.Busy(CALL, ME, PEER), [(Event.LINE_BUSY, ID | BUSY)]),
    "we are busy, in a call": (CONNECTED, THEIR_BUSY, [THEIRS]),
    "we are busy, ringing in": (RINGING, THEIR_BUSY, [THEIRS]),
    "we are busy, ringing out": (CALLING, THEIR_BUSY, [THEIRS]),
    "they are offline": (
        CALLING,
        p.NoResponse(CALL, [PEER], "offline"),
        [(Event.NO_RESP, ID | {"user_id_list": [PEER], "reason": "offline"})],
    ),
    "they did not answer": (
        CALLING,
        p.Ended(CALL, PEER, Reason.NO_RESPONSE, 0),
        [end("no_response")],
    ),
    "nobody answered here": (
        RINGING,
        p.Ended(CALL, ME, Reason.NO_RESPONSE, 0),
        [(Event.CALLING_TIMEOUT, ID | {"user_id_list": [ME]}), end("no_response", ME)],
    ),
    "the inviter gave up": (
        RINGING,
        p.Ended(CALL, PEER, Reason.CANCELED, 0),
        [(Event.CALLING_CANCEL, HERE), end("canceled")],
    ),
    "somebody else took it": (
        RINGING,
        p.Ended(CALL, THIRD, Reason.ANSWERED_ELSEWHERE, 0),
        [
            (Event.ANSWERED_ELSEWHERE, ID | {"user_id": THIRD}),
            end("answered_elsewhere", THIRD),
        ],
    ),
    "they left": (
        CONNECTED,
        p.Left(CALL, PEER, Reason.LOST),
        [(Event.USER_LEAVE, {"user_id": PEER, "reason": "lost"})],
    ),
    "the call is over": (
        CONNECTED,
        p.Ended(CALL, PEER, Reason.HANGUP, 7),
        [end("hangup", seconds=7)],
    ),
    "their camera was closed": (
        CONNECTED,
        p.PeerAvailable(CALL, PEER, video=False, audio=True),
        shows(False, True),
    ),
    "their camera was closed while it rings": (
        RINGING,
        p.PeerAvailable(CALL, PEER, video=False, audio=True),
        shows(False, True),
    ),
    "they ask for video": (
        replace(CONNECTED, type=CallType.AUDIO),
        p.TypeAsked(CALL, PEER, CallType.VIDEO),
        [(Event.CALL_TYPE_ASKED, {"user_id": PEER, "call_type": 2})],
    ),
    "now it is an audio call": (
        CONNECTED,
        p.TypeChanged(CALL, CallType.VIDEO, CallType.AUDIO),
        [(Event.CALL_TYPE_CHANGED, {"old_call_type": 2, "new_call_type": 1})],
    ),
    "it became one while we were away": (
        CONNECTED,
        p.TypeChanged(CALL, CallType.AUDIO, CallType.AUDIO),
        [(Event.CALL_TYPE_CHANGED, {"old_call_type": 2, "new_call_type": 1})],
    ),
    "the type is what it was": (
        CONNECTED,
        p.TypeChanged(CALL, CallType.VIDEO, CallType.VIDEO),
        [],
    ),
    "a text": (
        CONNECTED,
        p.Texted(CALL, PEER, "I am coming"),
        [(Event.TEXT, {"user_id": PEER, "text": "I am coming"})],
    ),
    "the door": (
        CONNECTED,
        p.DoorOpened(CALL, PEER, 3.0),
        [(Event.DOOR_OPENED, {"user_id": PEER, "seconds": 3.0})],
    ),
    "the hub refused our call": (CALLING, ph.DialFailed(CALL), [end("error", ME)]),
    "we hang up": (CONNECTED, ph.HungUp(), [end("hangup", "", 7)]),
    "we cancel": (CALLING, ph.HungUp(), [end("canceled", "")]),
    "we reject by hanging up": (RINGING, ph.HungUp(), [end("reject", "")]),
    "we reject": (RINGING, ph.Refused(), [end("reject", "")]),
    "we were logged out by another login": (
        CONNECTED,
        ph.HungUp(Reason.KICKED),
        [end("kicked", "", 7)],
    ),
    "the hub stayed away": (
        replace(CONNECTED, adrift=True),
        ph.GraceOver(CALL),
        [end("lost", seconds=7)],
    ),
    "the hub came back without the call": (CONNECTED, ph.HubBack(""), [end("lost", seconds=7)]),
    "the hub came back with another call": (CALLING, ph.HubBack(OTHER), [end("lost")]),
    "ours is over, and theirs waits": (
        WAITING,
        p.Ended(CALL, PEER, Reason.REJECT, 0),
        [end("reject"), ring(OTHER, THIRD)],
    ),
    "we cancel, and theirs waits": (
        WAITING,
        ph.HungUp(),
        [end("canceled", ""), ring(OTHER, THIRD)],
    ),
    "theirs is over while it waits": (WAITING, p.Ended(OTHER, THIRD, Reason.CANCELED, 0), []),
}


@pytest.mark.parametrize(("phase", "event", "expected"), HEARD.values(), ids=HEARD.keys())
def test_what_users_hear(phase: ph.Phase, event: ph.Input, expected: list[Any]) -> None:
    assert heard(phase, event) == expected


SENT: dict[str, tuple[ph.Phase, ph.Input, list[p.Message]]] = {
    "call": (
        ph.Idle(),
        ph.Dialed(p.Invite(1, CALL, CallType.VIDEO, [PEER]), ME),
        [p.Invite(1, CALL, CallType.VIDEO, [PEER])],
    ),
    "it rings": (ph.Idle(), invited(), [p.Ringing(CALL)]),
    "it is delivered again": (RINGING, invited(), [p.Ringing(CALL)]),
    "accept": (
        replace(RINGING, video=False),
        ph.Answered(2),
        [p.Accept(2, CALL, 2, video=False, audio=True)],
    ),
    "accept by name": (RINGING, ph.Answered(2, CALL), [p.Accept(2, CALL, 2)]),
    "reject": (RINGING, ph.Refused(busy=True), [p.Reject(CALL, 2, busy=True)]),
    "hang up while it rings": (RINGING, ph.HungUp(), [p.Reject(CALL, 2)]),
    "cancel": (CALLING, ph.HungUp(), [p.Hangup(CALL, entry=1)]),
    "hang up": (CONNECTED, ph.HungUp(Reason.ERROR), [p.Hangup(CALL, Reason.ERROR, 2)]),
    "mute": (CONNECTED, ph.Opened(audio=False), [p.Available(CALL, video=True, audio=False)]),
    "mute, muted": (replace(CONNECTED, audio=False), ph.Opened(audio=False), []),
    "mute before the accept": (RINGING, ph.Opened(audio=False), []),
    "mute between accept and its word": (
        replace(RINGING, answering=True),
        ph.Opened(audio=False),
        [p.Available(CALL, video=True, audio=False)],
    ),
    "mute without a hub": (replace(CONNECTED, adrift=True), ph.Opened(audio=False), []),
    "the hub refused our call, or was too slow": (
        CALLING,
        ph.DialFailed(CALL),
        [p.Hangup(CALL, Reason.ERROR, 1)],
    ),
    "the camera that was shut stays shut, and the others are told": (
        replace(CALLED, type=CallType.AUDIO, video=False, shut=True),
        p.TypeChanged(CALL, CallType.AUDIO, CallType.VIDEO),
        [p.Available(CALL, video=False, audio=True)],
    ),
    "the hub is back": (replace(CONNECTED, adrift=True), ph.HubBack(CALL), []),
    "the hub is back after a mute": (
        replace(CONNECTED, adrift=True, untold=True, audio=False),
        ph.HubBack(CALL),
        [p.Available(CALL, video=True, audio=False)],
    ),
    "we dialed before we were let in there": (
        CALLING,
        p.Roster(OTHER, THIRD, CallType.VIDEO, 3, [], answered=True, req=1),
        [p.Hangup(OTHER, Reason.LOST, 3)],
    ),
    "ours is over, and theirs rings": (
        WAITING,
        p.Ended(CALL, PEER, Reason.REJECT, 0),
        [p.Ringing(OTHER)],
    ),
}


@pytest.mark.parametrize(("phase", "event", "expected"), SENT.values(), ids=SENT.keys())
def test_what_the_hub_is_told(phase: ph.Phase, event: ph.Input, expected: list[p.Message]) -> None:
    assert sent(phase, event) == expected


def harmless(phase: ph.Phase, message: p.HubMessage) -> bool:
    """Whether a message that names another call than the present one must change nothing."""
    match phase, message:
        case ((ph.Idle() | ph.Calling()), (p.Invited() | p.Roster())):
            return False  # a new call, or one that we had asked to be let into
    return True


@pytest.mark.parametrize("phase", EVERY, ids=repr)
def test_a_late_message_of_another_call_changes_nothing(phase: ph.Phase) -> None:
    for message in messages(LATE):
        if harmless(phase, message):
            assert feed(phase, message, NOW) == (phase, []), message


@pytest.mark.parametrize("phase", EVERY, ids=repr)
def test_a_late_timer_or_answer_of_another_call_changes_nothing(phase: ph.Phase) -> None:
    late = commands(LATE)
    for name in ("the hub refuses the call", "the hub refuses the accept", "the hub stays lost"):
        assert feed(phase, late[name], NOW) == (phase, [])


@pytest.mark.parametrize("phase", EVERY, ids=repr)
def test_what_names_no_call_changes_nothing(phase: ph.Phase) -> None:
    for message in LINK_MESSAGES:
        assert feed(phase, message, NOW) == (phase, [])


@pytest.mark.parametrize("phase", EVERY, ids=repr)
@pytest.mark.parametrize("event", [*commands().values(), *messages()], ids=repr)
def test_leaving_a_call_says_so_once_and_nothing_else_does(
    phase: ph.Phase, event: ph.Input
) -> None:
    try:
        after, effects = feed(phase, event, NOW)
    except CallingError:
        return
    ends = [e for e in effects if isinstance(e, ph.Emit) and e.event is Event.CALL_END]
    left = bool(phase.call_id) and after.call_id != phase.call_id
    assert len(ends) == left
    assert not left or ph.StopGrace() in effects


@pytest.mark.parametrize("phase", EVERY, ids=repr)
def test_connected_only_by_the_hubs_word(phase: ph.Phase) -> None:
    for event in commands().values():
        try:
            after, _ = feed(phase, event, NOW)
        except CallingError:
            continue
        assert not isinstance(after, ph.Connected) or isinstance(phase, ph.Connected)


@pytest.mark.parametrize("phase", EVERY, ids=repr)
def test_hanging_up_is_legal_everywhere_and_leaves_the_call(phase: ph.Phase) -> None:
    for reason in p.LEAVING:
        after, _ = feed(phase, ph.HungUp(reason), NOW)
        assert after.call_id != CALL


@pytest.mark.parametrize("phase", IN_CALL, ids=repr)
def test_one_grace_runs_however_often_the_hub_is_lost(phase: ph.Phase) -> None:
    once, effects = feed(phase, ph.HubLost(), NOW)
    returns = isinstance(phase, ph.Connected) and phase.group
    grace = ph.StartGrace(CALL, RETURN_GRACE if returns else LOST_GRACE)
    assert effects in ([], [grace])
    assert feed(once, ph.HubLost(), NOW + 1) == (once, [])
    back, _ = feed(once, ph.HubBack(CALL), NOW)
    _, effects = feed(back, ph.HubLost(), NOW)
    assert effects == [grace]


@pytest.mark.parametrize(
    ("phase", "event", "code"),
    [
        (CALLING, commands()["the user calls"], Code.ALREADY_IN_CALL),
        (RINGING, commands()["the user calls"], Code.ALREADY_IN_CALL),
        (CONNECTED, commands()["the user calls"], Code.ALREADY_IN_CALL),
        (ph.Idle(), ph.Answered(1), Code.INVITATION_GONE),
        (CALLING, ph.Answered(1), Code.INVITATION_GONE),
        (CONNECTED, ph.Answered(1), Code.INVITATION_GONE),
        (RINGING, ph.Answered(1, OTHER), Code.INVITATION_GONE),
        (replace(RINGING, answering=True), ph.Answered(1), Code.INVITATION_GONE),
        (ph.Idle(), ph.Refused(), Code.INVITATION_GONE),
        (CALLING, ph.Refused(), Code.INVITATION_GONE),
        (CONNECTED, ph.Refused(), Code.INVITATION_GONE),
        (RINGING, ph.Refused(OTHER), Code.INVITATION_GONE),
    ],
)
def test_what_a_state_does_not_allow(phase: ph.Phase, event: ph.Input, code: Code) -> None:
    with pytest.raises(CallingError) as error:
        feed(phase, event, NOW)
    assert error.value.code is code


LEFT = feed(RINGING, ph.Refused(), NOW)[0]
GONE = ph.Send(p.Hangup(CALL, Reason.LOST, 2))


def test_a_call_that_was_left_does_not_ring_again() -> None:
    assert feed(LEFT, invited(), NOW) == (LEFT, [GONE])
    calling, _ = feed(LEFT, ph.Dialed(p.Invite(1, OTHER, CallType.VIDEO, [PEER]), ME), NOW)
    assert feed(calling, invited(), NOW) == (calling, [GONE])
    after, _ = feed(calling, ph.HungUp(), NOW)
    assert feed(after, invited(), NOW) == (after, [GONE])
    assert isinstance(feed(after, invited(LATE), NOW)[0], ph.Ringing)


def test_the_hub_is_told_when_it_holds_a_call_that_is_over_here() -> None:
    assert feed(LEFT, ph.HubBack(CALL), NOW) == (LEFT, [GONE])
    assert feed(LEFT, ph.HubBack(""), NOW) == (LEFT, [])


@pytest.mark.parametrize("stays", [CALL, OTHER])
def test_glare_with_a_call_that_we_had_hung_up(stays: str) -> None:
    """Theirs rings here; but at the hub ours, whose end is on its way, became one with it."""
    merged = p.Merged(stays, CALL, PEER, PEER, CallType.VIDEO, 2, 1)
    hangup = ph.Send(p.Hangup(stays, entry=2))
    idle, _ = feed(CALLING, ph.HungUp(), NOW)
    assert feed(idle, merged, NOW) == (idle, [hangup])

    ringing, _ = feed(idle, invited(OTHER), NOW)
    after, effects = feed(ringing, merged, NOW)
    assert after == ph.Idle()
    assert effects[0] == hangup
    cancel = (Event.CALLING_CANCEL, {"invite_id": OTHER, "user_id": PEER})
    assert heard(ringing, merged) == [cancel, end("canceled", call_id=OTHER)]

    calling, _ = feed(idle, ph.Dialed(p.Invite(9, LATE, CallType.VIDEO, [THIRD]), ME), NOW)
    waiting, _ = feed(calling, invited(OTHER), NOW)
    assert feed(waiting, merged, NOW) == (calling, [hangup])


def test_few_calls_that_were_left_are_remembered() -> None:
    phase: ph.Phase = ph.Idle()
    for number in range(100):
        phase, _ = feed(phase, invited(f"call-{number:04d}"), NOW)
        phase, _ = feed(phase, ph.HungUp(), NOW)
    assert isinstance(phase, ph.Idle)
    assert phase.over == tuple((f"call-{number:04d}", 2) for number in range(84, 100))


def test_the_camera_follows_the_calls_type() -> None:
    audio, _ = feed(CONNECTED, p.TypeChanged(CALL, CallType.VIDEO, CallType.AUDIO), NOW)
    assert isinstance(audio, ph.Connected)
    assert not audio.video
    video, _ = feed(audio, p.TypeChanged(CALL, CallType.AUDIO, CallType.VIDEO), NOW)
    assert isinstance(video, ph.Connected)
    assert video.video


def test_a_failed_accept_leaves_it_ringing() -> None:
    assert feed(replace(RINGING, answering=True), ph.AnswerFailed(CALL), NOW) == (RINGING, [])


def test_states_have_their_public_names() -> None:
    for state, phases in STATES.items():
        assert {ph.state_of(phase) for phase in phases} == {state}
    assert set(STATES) == set(State)
