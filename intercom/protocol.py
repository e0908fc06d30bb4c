"""The wire: what a client and the hub say to each other, as strict, versioned JSON.

One message is one WebSocket text frame, an object whose `t` names it. Times are relative seconds
(nothing depends on two clocks agreeing), call IDs are chosen by the inviter (22 URL-safe letters,
128 random bits), so that every message from the first on can name its call. Unknown fields are
ignored, so that a newer side may add some; unknown messages and wrong types are not.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from intercom.errors import ProtocolError

VERSION = 1
MAX_MESSAGE = 64 * 1024
PING_IDLE, PING_CALL = 15.0, 1.0
"""Seconds between a client's pings, idle and in a call."""
DEAD_IDLE, DEAD_CALL = 40.0, 3.5
"""Seconds of silence after which the other side is taken for dead."""
LOST_GRACE = 5.5
"""Seconds that a call waits for a member or the hub to come back; with DEAD_CALL well under 10."""
RETURN_GRACE = 30.0
"""Seconds that a group call lets a member back in that the others have seen leave as lost."""
SPONSOR_ENTRY = 1
"""The number of the sponsor's own part in its call (see `Invited`)."""
MEMBERS_MAX = 64
"""Users that one message names at most."""
OTHERS_MAX = 48
"""Users that one call ever has besides its sponsor, those who left counted."""
RING_MAX = 300
"""Seconds that a call may ring at most."""
MESSAGE_PARTS = {"sound.wav": 4 * 2**20, "picture.jpg": 2**20}
"""What a visitor's message may have, and the bytes of each at most."""
USER_ID = r"\A[A-Za-z0-9_-]{1,64}\Z"
CALL_ID = r"\A[A-Za-z0-9_-]{8,64}\Z"

UserId = Annotated[str, Meta(pattern=USER_ID)]
GroupId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{0,64}\Z")]
UserIds = Annotated[list[UserId], Meta(max_length=MEMBERS_MAX)]
CallId = Annotated[str, Meta(pattern=CALL_ID)]
Seconds = Annotated[int, Meta(ge=1, le=RING_MAX)]
Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A request's or a transport's number: what every JSON reader, a browser's too, keeps exact."""
Duration = Annotated[float, Meta(ge=0, le=86400)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class CallType(IntEnum):
    """TRTCCalling's numbers."""

    AUDIO = 1
    VIDEO = 2


class Reason(StrEnum):
    """Why a call ended, or why somebody left it."""

    HANGUP = "hangup"
    REJECT = "reject"
    NO_RESPONSE = "no_response"
    OFFLINE = "offline"
    LINE_BUSY = "line_busy"
    CANCELED = "canceled"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    KICKED = "kicked"
    LOST = "lost"
    ERROR = "error"


LEAVING = frozenset({Reason.HANGUP, Reason.KICKED, Reason.LOST, Reason.ERROR})
"""What a client may give as its reason to leave; the others are the hub's to find."""


def is_user_id(text: str) -> bool:
    """Tell whether `text` may name a user: letters, digits, `-`, `_`, at most 64."""
    return re.match(USER_ID, text) is not None


class Message(Struct, frozen=True, tag_field="t", tag=str.lower):
    """Root of every message."""


class Request(Message, frozen=True):
    """A client's message that the hub answers with `Ok` or `Error` of the same number."""

    req: Number


# -- client to hub ---------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message of a connection: who I am, and the call that I think I am in.

    A device that logs in by its own key names itself (`device`) with an empty `user_sig`. The hub
    answers with a `Challenge`, and the device says hello once more, with its signature.
    """

    versions: tuple[Number, Number]
    user_id: UserId
    user_sig: Annotated[str, Meta(max_length=8192)]
    session: Annotated[str, Meta(max_length=100)] = ""
    call_id: Annotated[str, Meta(max_length=64)] = ""
    client: Annotated[str, Meta(max_length=100)] = ""
    device: Annotated[str, Meta(max_length=64)] = ""


class Ping(Message, frozen=True):
    """I live; the hub answers with `Pong`."""


class Invite(Request, frozen=True):
    """Ring these users, or (of the group `group_id`) these members, or all of its members.

    `group`: more may come in later, and one who leaves does not end it; else it is between two.
    `video` and `audio` say what the inviter will send.
    """

    call_id: CallId
    type: CallType
    user_ids: UserIds = []
    group: bool = False
    group_id: GroupId = ""
    timeout: Seconds = 30
    early_media: bool = False
    video: bool = True
    audio: bool = True
    data: Annotated[str, Meta(max_length=2000)] = ""


class Add(Request, frozen=True):
    """Ring these users, or members of a group, into the call that I am in, as `Invite` does.

    It is a group's from now on.
    """

    call_id: CallId
    user_ids: UserIds = []
    group_id: GroupId = ""
    timeout: Seconds = 30
    data: Annotated[str, Meta(max_length=2000)] = ""


class Join(Request, frozen=True):
    """Let me into a running call: one that my other device is in, or a group's that I belong to.

    An empty `call_id` means the call that this user is in, on whatever device. The answer is a
    `Roster`, then `Ok`.
    """

    call_id: Annotated[str, Meta(pattern=r"\A([A-Za-z0-9_-]{8,64})?\Z")] = ""
    video: bool = True
    audio: bool = True


class Ringing(Message, frozen=True):
    """It rings here."""

    call_id: CallId


class Accept(Request, frozen=True):
    """I take the call, and this is what I will send.

    Here and below, `entry` is the part in the call that is meant (see `Invited`), so that what is
    said late of an old part does nothing to a new one; 0: the present one, whichever it is.
    """

    call_id: CallId
    entry: Number = 0
    video: bool = True
    audio: bool = True


class Reject(Message, frozen=True):
    """I do not take the call; `busy` shows it to the inviter as a busy line."""

    call_id: CallId
    entry: Number = 0
    busy: bool = False


class Hangup(Message, frozen=True):
    """I leave the call, whatever its state; `reason` is one of LEAVING."""

    call_id: CallId
    reason: Reason = Reason.HANGUP
    entry: Number = 0


class Signal(Message, frozen=True):
    """SDP or a candidate for one member; the hub passes `body` on unread."""

    call_id: CallId
    user_id: UserId
    epoch: Number
    body: Raw


class Available(Message, frozen=True):
    """My camera or microphone was opened or closed."""

    call_id: CallId
    video: bool
    audio: bool


class SwitchType(Request, frozen=True):
    """Change the call between audio and video; towards video the others are asked."""

    call_id: CallId
    type: CallType


class SwitchAnswer(Message, frozen=True):
    """My consent, or not, to a switch to video that I was asked for."""

    call_id: CallId
    allow: bool


class SendText(Request, frozen=True):
    """A short text for everybody else in the call."""

    call_id: CallId
    text: Text


class OpenDoor(Request, frozen=True):
    """Open the door of the call's door station, if the hub says that I may."""

    call_id: CallId


class Seen(Message, frozen=True):
    """These missed calls were shown to a person: tell of them no more."""

    call_ids: Annotated[list[CallId], Meta(max_length=MEMBERS_MAX)]


class Bye(Message, frozen=True):
    """I log out; nothing of mine is to be kept."""


# -- hub to client ---------------------------------------------------------------------------


class MissedCall(Struct, frozen=True):
    """A call that its callee did not get: who called, and so many seconds ago.

    `message`: the ID of what the caller left to be seen and heard, or empty.
    """

    call_id: CallId
    caller: UserId
    type: CallType
    reason: Reason
    ago: Annotated[float, Meta(ge=0)]
    name: str = ""
    group_id: str = ""
    message: str = ""


class Welcome(Message, frozen=True):
    """Logged in. `call_id` is the call that the hub still holds for this user, or empty.

    A call that ended while the user was away is held too, and its `Ended` follows. `names` are
    those of everybody here (of a big hub: of those in the call only). `missed` are the newest calls
    that this user has missed and not `Seen`.
    """

    version: Number
    session: str
    call_id: str = ""
    ice_servers: list[dict[str, str | list[str]]] = []
    names: dict[str, str] = {}
    missed: Annotated[list[MissedCall], Meta(max_length=MEMBERS_MAX)] = []


class Challenge(Message, frozen=True):
    """Answer to the `Hello` of a device: sign this, once (intercom.enroll.login)."""

    nonce: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{16,64}\Z")]


class Pong(Message, frozen=True):
    """Answer to `Ping`."""


class Ok(Message, frozen=True):
    """The request was done."""

    req: Number


class Error(Message, frozen=True):
    """The request (or, with 0, the connection) failed."""

    req: Number
    code: int
    msg: str


class Invited(Message, frozen=True):
    """`sponsor` calls you; `timeout` is what is left of the ringing, in seconds.

    `user_ids`: all who are being rung. `entry` numbers your part in the call, `sponsor_entry` that
    of the sponsor: each part (also one taken anew) has a higher number than those before it. Of two
    members the one with the lower number offers, and their transport is numbered by the higher.
    """

    call_id: CallId
    sponsor: UserId
    user_ids: UserIds
    type: CallType
    timeout: Duration
    entry: Number
    sponsor_entry: Number
    group: bool = False
    early_media: bool = False
    video: bool = True
    audio: bool = True
    group_id: str = ""
    data: str = ""
    name: str = ""


class Rang(Message, frozen=True):
    """It rings at `user_id`; told to who invited it. `early`: it was promised early media."""

    call_id: CallId
    user_id: UserId
    entry: Number
    early: bool = False


class Present(Struct, frozen=True):
    """A party of a call; one that is not `joined` is being rung.

    `rang`: its device rings, as is told to who invited it; with that one it sets up a transport.
    `early`: it was promised early media by the one that is told.
    """

    user_id: UserId
    entry: Number
    joined: bool = True
    rang: bool = False
    video: bool = True
    audio: bool = True
    early: bool = False


class Roster(Message, frozen=True):
    """You are in this call, `answered` or still ringing out, and this is the whole of it.

    Told to who accepts, joins or comes back: the truth, whatever was missed. `others` is without
    the one it is told to; `seconds`: since it was answered; `req`: the `Join` that it answers.
    """

    call_id: CallId
    sponsor: UserId
    type: CallType
    entry: Number
    others: Annotated[list[Present], Meta(max_length=MEMBERS_MAX)]
    answered: bool
    group: bool = False
    group_id: str = ""
    seconds: Duration = 0.0
    req: Number = 0


class Accepted(Message, frozen=True):
    """`user_id` came in: it accepted, joined late, came back, or moved to another device."""

    call_id: CallId
    user_id: UserId
    entry: Number
    video: bool = True
    audio: bool = True


class Invitees(Message, frozen=True):
    """Who is still being rung into your group call; not `group`: it is between two now."""

    call_id: CallId
    user_ids: UserIds
    group: bool = True


class Merged(Message, frozen=True):
    """Both called each other: your call `old_id` is now the connected call `call_id`."""

    call_id: CallId
    old_id: CallId
    user_id: UserId
    sponsor: UserId
    type: CallType
    entry: Number
    user_entry: Number
    video: bool = True
    audio: bool = True


class Left(Message, frozen=True):
    """`user_id` is out of the call."""

    call_id: CallId
    user_id: UserId
    reason: Reason


class Rejected(Message, frozen=True):
    """`user_id` does not take the call."""

    call_id: CallId
    user_id: UserId


class Busy(Message, frozen=True):
    """`user_id` is in another call; told to it as well (`to_callee`), whose call is untouched."""

    call_id: CallId
    sponsor: UserId
    user_id: UserId
    to_callee: bool = False


class NoResponse(Message, frozen=True):
    """These did not answer: `offline` at once, `timeout` when it rang out."""

    call_id: CallId
    user_ids: UserIds
    reason: str


class Ended(Message, frozen=True):
    """The call is over for you. `duration`: whole seconds that it was connected."""

    call_id: CallId
    user_id: str
    reason: Reason
    duration: Number


class Signaled(Message, frozen=True):
    """A `Signal` of `user_id`."""

    call_id: CallId
    user_id: UserId
    epoch: Number
    body: Raw


class PeerAvailable(Message, frozen=True):
    """Camera and microphone of `user_id`."""

    call_id: CallId
    user_id: UserId
    video: bool
    audio: bool


class TypeAsked(Message, frozen=True):
    """`user_id` would like to switch to video; answer with `SwitchAnswer`."""

    call_id: CallId
    user_id: UserId
    type: CallType


class TypeChanged(Message, frozen=True):
    """The call changed its type."""

    call_id: CallId
    old: CallType
    new: CallType


class Texted(Message, frozen=True):
    """A text of `user_id`."""

    call_id: CallId
    user_id: UserId
    text: Text


class DoorOpened(Message, frozen=True):
    """`user_id` opened the door for `seconds`."""

    call_id: CallId
    user_id: UserId
    seconds: Duration


class Missed(Message, frozen=True):
    """A message was left with these calls, which you did not get."""

    calls: Annotated[list[MissedCall], Meta(max_length=MEMBERS_MAX)]


class IceServers(Message, frozen=True):
    """The STUN and TURN servers from now on, in place of `Welcome`'s: those are about to expire."""

    ice_servers: list[dict[str, str | list[str]]]


class Kicked(Message, frozen=True):
    """This session is over: another login of the user, or its device was revoked."""

    reason: str


class Reconnect(Message, frozen=True):
    """The hub goes down; log in again after about so many seconds."""

    after: Duration


ClientMessage = (
    Hello | Ping | Invite | Add | Join | Ringing | Accept | Reject | Hangup | Signal | Available
    | SwitchType | SwitchAnswer | SendText | OpenDoor | Seen | Bye
)  # fmt: skip
HubMessage = (
    Welcome | Challenge | Pong | Ok | Error | Invited | Rang | Roster | Accepted | Invitees | Merged
    | Left | Rejected | Busy | NoResponse | Ended | Signaled | PeerAvailable | TypeAsked
    | TypeChanged | Texted | DoorOpened | Missed | IceServers | Kicked | Reconnect
)  # fmt: skip

_encoder = msgspec.json.Encoder()
_from_client: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_from_hub: msgspec.json.Decoder[HubMessage] = msgspec.json.Decoder(HubMessage)


def encode(message: Message) -> str:
    """Return the message as one line of JSON; ProtocolError when it is over 64 KiB."""
    data = _encoder.encode(message)
    if len(data) > MAX_MESSAGE:
        raise ProtocolError(f"message of {len(data)} bytes: at most {MAX_MESSAGE} go on the wire")
    return data.decode()


def decode_client(data: str | bytes) -> ClientMessage:
    """Read what a client sent; ProtocolError names the fault."""
    return _decode(_from_client, data)


def decode_hub(data: str | bytes) -> HubMessage:
    """Read what the hub sent; ProtocolError names the fault."""
    return _decode(_from_hub, data)


T = TypeVar("T")


def _decode(decoder: msgspec.json.Decoder[T], data: str | bytes) -> T:
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MAX_MESSAGE:
            raise ProtocolError(f"message of {len(raw)} bytes: at most {MAX_MESSAGE} are read")
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        # It may quote the whole message, and is itself sent back.
        raise ProtocolError(f"message not understood: {str(fault)[:200]!r}") from None
