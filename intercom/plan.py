"""What the media should be doing, as a function of the call's state. PURE.

The shell brings the media to the plan after each event, so that no order of events can leave a
camera open or a picture sent that the state does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass

from intercom.phases import Calling, Connected, Idle, Phase, Ringing
from intercom.protocol import CallType


@dataclass(frozen=True)
class Plan:
    """One call's media. `camera`: it should be open; the sound is, in every call."""

    call_id: str
    peer: str
    connect: bool
    offerer: bool
    camera: bool
    muted: bool = False
    send_audio: bool = False
    send_video: bool = False
    hear: bool = False
    see: bool = False


def plan(phase: Phase) -> Plan | None:
    """Return what the media should be doing now; None: nothing, with every device shut.

    Transports come up while it rings (`connect`). Before the accept nothing is sent but the
    early media of a door station, and that is seen, not heard.
    """
    match phase:
        case Idle():
            return None
        case Calling():
            camera = _camera(phase)
            return Plan(
                phase.call_id,
                phase.peer,
                connect=phase.rung,
                offerer=True,
                camera=camera,
                send_video=phase.early_media and camera,
            )
        case Ringing():
            return Plan(
                phase.call_id,
                phase.peer,
                connect=True,
                offerer=False,
                camera=_camera(phase),
                see=phase.early_media,
            )
        case Connected():
            return Plan(
                phase.call_id,
                phase.peer,
                connect=True,
                offerer=phase.sponsor != phase.peer,
                camera=_camera(phase),
                muted=not phase.audio,
                send_audio=True,
                send_video=_camera(phase),
                hear=True,
                see=True,
            )


def _camera(phase: Calling | Ringing | Connected) -> bool:
    return phase.video and phase.type is CallType.VIDEO
