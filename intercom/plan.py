"""What the media should be doing, as a function of the call's state. PURE.

The shell brings the media to the plan after each event, so that no order of events can leave a
camera open or a picture sent that the state does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from intercom.phases import Calling, Connected, Idle, Other, Phase, Ringing
from intercom.protocol import CallType

EPOCHS = 1000
"""Transports that a pair may try one after the other before the numbers of the next pair begin."""


@dataclass(frozen=True)
class PeerPlan:
    """The transport to one other party; `epoch` numbers the first of those tried in turn."""

    user_id: str
    epoch: int
    offerer: bool
    send_audio: bool = False
    send_video: bool = False
    hear: bool = False
    see: bool = False


@dataclass(frozen=True)
class Plan:
    """One call's media. `camera`, `microphone`: they should be open; the speaker always is."""

    call_id: str
    camera: bool
    muted: bool = False
    peers: tuple[PeerPlan, ...] = ()
    microphone: bool = True


PLAYING = Plan("", camera=False, muted=True, microphone=False)
"""No call: something is played here."""
RECORDING = Plan("", camera=True, muted=True)
"""No call: somebody speaks into this station, and is seen by it."""


def plan(phase: Phase) -> Plan | None:
    """Return what the media should be doing now; None: nothing, with every device shut.

    Transports to whom we ring, or who rings us, come up while it rings. Before the accept nothing
    is sent but the early media of a door station, and that is seen, not heard.
    """
    if isinstance(phase, Idle):
        return None
    camera = phase.video and phase.type is CallType.VIDEO
    peers = tuple(_peer(phase, other, camera) for other in phase.others if _linked(phase, other))
    muted = isinstance(phase, Connected) and not phase.audio
    return Plan(phase.call_id, camera=camera, muted=muted, peers=peers)


def _linked(phase: Calling | Ringing | Connected, other: Other) -> bool:
    """Tell whether a transport is due: both numbers are known, and it rings or they talk.

    It rings (`rang`) only for who invited it: whom others ring knows nothing of us yet.
    """
    return bool(phase.entry and other.entry) and (other.joined or other.rang)


def _peer(phase: Calling | Ringing | Connected, other: Other, camera: bool) -> PeerPlan:
    quiet = PeerPlan(
        other.user_id, max(phase.entry, other.entry) * EPOCHS, offerer=phase.entry < other.entry
    )
    match phase:
        case Ringing():
            return replace(quiet, see=phase.early_media)
        case Connected() if other.joined:
            return replace(quiet, send_audio=True, send_video=camera, hear=True, see=True)
        case _:
            return replace(quiet, send_video=other.early and camera)
