"""The part of `Calling` that is about cameras, microphones and views."""

from __future__ import annotations

import asyncio

from intercom import phases as ph
from intercom.errors import CallingError, Code
from intercom.media import Media
from intercom.session import Session
from intercom.transport import View


def bad(what: str, allowed: str) -> CallingError:
    """Return the error for a parameter that cannot be used."""
    return CallingError(Code.BAD_PARAMETER, f"{what} cannot be used; allowed: {allowed}")


class CallingMedia(Session):
    """What a user of the API asks of the media; without a `Media` it raises NO_WEBRTC."""

    async def open_camera(self) -> None:
        """Send our picture in the present call."""
        self.feed(ph.Opened(video=True))

    async def close_camera(self) -> None:
        """Stop sending our picture, and release the camera."""
        self.feed(ph.Opened(video=False))

    async def set_mic_mute(self, muted: bool) -> None:
        """Send silence instead of the microphone, or not, in the present call."""
        self.feed(ph.Opened(audio=not muted))

    @property
    def muted(self) -> bool:
        """Whether our microphone is muted in the present call."""
        return not getattr(self.phase, "audio", True)

    async def start_local_view(self, view: View) -> None:
        """Show our own picture there."""
        self._media().local_view(view)

    async def stop_local_view(self) -> None:
        """Show our own picture nowhere."""
        self._media().local_view(None)

    async def start_remote_view(self, user_id: str, view: View) -> None:
        """Show `user_id`'s picture there, from now on."""
        self.mesh.view(user_id, view)

    async def stop_remote_view(self, user_id: str) -> None:
        """Show `user_id`'s picture nowhere."""
        self.mesh.view(user_id, None)

    async def set_video_quality(self, quality: str) -> None:
        """Set the size of the picture that we send: 240p, 360p, 480p, 720p or 1080p."""
        await self._media().set_quality(quality)

    async def get_cameras(self) -> list[tuple[str, str]]:
        """Return (ID, name) of each camera."""
        return list(await asyncio.to_thread(self._media().cameras))

    async def get_microphones(self) -> list[tuple[str, str]]:
        """Return (ID, name) of each microphone."""
        return list(await asyncio.to_thread(self._media().microphones))

    async def switch_device(self, kind: str, device_id: str) -> None:
        """Use another camera (kind "camera") or microphone ("microphone"), in a call too."""
        if kind not in {"camera", "microphone"}:
            raise bad(f'device kind "{kind}"', "camera, microphone")
        await self._media().switch_device(kind, device_id)

    def _media(self) -> Media:
        if self.media is None:
            raise CallingError(Code.NO_WEBRTC, "this client has no media: give Calling a Media")
        return self.media
