"""One connection to one member of a call: the transports come up at once, the gates open later."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError

from intercom.errors import ProtocolError
from intercom.tasks import Tasks

from . import aiortc_seams as seams
from . import figures, loss, session_description
from .aioice_seams import own_addresses, use_route
from .events import FirstFrame, FirstSound, MediaEvent
from .picture import Picture
from .receive_audio import AudioReceiver
from .receive_video import VideoReceiver
from .route import Route
from .sound import Sound
from .tracks import PacketTrack
from .watchdog import Watchdog

logger = logging.getLogger(__name__)

CLOSE_WITHIN = 0.8  # seconds
EARLY = 64  # candidates that may come before the description they belong to
# the ways in which aiortc's parser trips over a description that makes no sense
BAD_SIGNAL = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    InvalidStateError,
    OperationError,
)
CODECS = {"audio": ["opus"], "video": ["H264", "VP8"]}


class Peer:
    """Media to and from `user_id` in call `call_id`; belongs to the loop's thread.

    `signal` is called with the bodies for the other side. Nothing is sent and nothing is played
    before `send` and `listen` say so; neither needs a negotiation. `view(view)` says where the
    remote picture is shown, `take_volume()` how loud (0-100) the remote voice was since last time.
    """

    def __init__(
        self,
        call_id: str,
        user_id: str,
        epoch: int,
        offerer: bool,
        signal: Callable[[dict[str, Any]], None],
        *,
        picture: Picture,
        sound: Sound,
        report: Callable[[MediaEvent], None],
        route: Callable[[], Awaitable[Route]],
    ) -> None:
        self.call_id, self.user_id, self.epoch, self.offerer = call_id, user_id, epoch, offerer
        self.on_closed: Callable[[Peer], object] = lambda peer: None
        self._signal = signal
        self._picture, self._sound = picture, sound
        self._route = route
        self._tasks = Tasks(f"peer {user_id}")
        self._pc = RTCPeerConnection(RTCConfiguration([], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        seams.let_close(self._pc)
        self._audio_out, self._video_out = PacketTrack("audio"), PacketTrack("video")
        self._audio_in = AudioReceiver(lambda: report(FirstSound(call_id, user_id)))
        self._video_in = VideoReceiver(
            user_id, lambda: report(FirstFrame(call_id, user_id)), self._nack, self._pli
        )
        self.view = self._video_in.view
        self.take_volume = self._audio_in.take_volume
        self._transceivers: dict[str, RTCRtpTransceiver] = {}
        self._early: list[dict[str, Any] | None] = []
        self._closing: asyncio.Task[None] | None = None
        self._hanging_up: asyncio.Task[None] | None = None
        self._watchdog = Watchdog(call_id, user_id, self._pc, report)

    async def start(self) -> None:
        """Make and signal the offer; who answers has nothing to do."""
        if not self.offerer or self._closing is not None:
            return
        self._prepare(["audio", "video"])
        with contextlib.suppress(InvalidStateError):  # closed meanwhile
            use_route(self._pc, await self._route())
            await self._pc.setLocalDescription(await self._pc.createOffer())
            self._describe("offer")

    async def handle(self, body: dict[str, Any]) -> None:
        """A body from the other side. Raises ProtocolError when it makes no sense."""
        kind = body.get("kind")
        if self._closing is not None:
            return
        try:
            if kind in ("offer", "answer"):
                await self._take_description(kind, str(body.get("sdp", "")))
            elif kind == "candidate":
                self._take_candidate(body.get("candidate"))
            else:
                raise ProtocolError(f"unknown signal {kind!r} from {self.user_id}")
        except BAD_SIGNAL as error:
            if self._closing is None:  # or the connection went away under it
                raise ProtocolError(f"bad {kind} from {self.user_id}: {error}") from error

    def send(self, audio: bool, video: bool) -> None:
        """Open or shut the outgoing gates."""
        self._audio_out.gate(audio)
        self._video_out.gate(video)

    def listen(self, audio: bool) -> None:
        """Whether the remote sound is played."""
        self._audio_in.listening = audio

    def uses(self, addresses: Collection[str]) -> bool:
        """Whether it goes by one of these own addresses, or by nobody knows which."""
        used = own_addresses(self._pc)
        return not used or not used.isdisjoint(addresses)

    @property
    def stats(self) -> dict[str, Any]:
        """Counters for the metrics and the log.

        `xruns`, `overruns` and `gaps` are the station's, of all calls (see Sound.counters);
        `malformed`: packets from this peer that are no Opus; `dropped`: pictures and packets of
        sound that this peer never got, since its line, or the encoder, could not follow.
        """
        feed = self._picture.feed_of(self._video_out)
        return {
            "state": self._pc.connectionState,
            "epoch": self.epoch,
            **figures.line(self._pc, self._transceivers),
            "sent_height": self._picture.height_of(self._video_out),
            "echo_reduction_db": self._sound.echo_reduction,
            **self._sound.counters,
            **figures.sending(feed, self._video_out, self._audio_out),
            "malformed": self._audio_in.malformed,
            **figures.receiving(self._video_in, self._audio_in.stats),
        }

    async def close(self) -> None:
        """Hang up the transports within a second, whatever the peer does; idempotent.

        Who waits for it may be cancelled: it is done all the same.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._end(), name=f"closing {self.user_id}")
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        """The last comes first; each is done even if another fails or is cancelled."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self.on_closed, self)
            stack.callback(self._video_out.stop)
            stack.callback(self._audio_out.stop)
            stack.callback(self._audio_in.close)
            stack.push_async_callback(self._video_in.close)
            stack.push_async_callback(self._tasks.close)
            stack.push_async_callback(self._hang_up)
            stack.push_async_callback(self._watchdog.close)
            stack.callback(self._sound.remove, self._audio_out, self._audio_in)
            stack.callback(self._picture.remove, self._video_out)
            stack.callback(self.send, False, False)

    async def _hang_up(self) -> None:
        # goes on when it is late, or who waits is cancelled: half closed it would keep its sockets
        self._hanging_up = asyncio.create_task(self._pc.close(), name=f"hanging up {self.user_id}")
        _, late = await asyncio.wait([self._hanging_up], timeout=CLOSE_WITHIN)
        if late:
            logger.warning("the connection to %s did not close in time", self.user_id)
        else:
            self._hanging_up.result()

    def _prepare(self, kinds: Sequence[str]) -> None:
        """One transceiver a kind, tapped and driven before the first packet."""
        outgoing = {"audio": self._audio_out, "video": self._video_out}
        incoming = {"audio": self._audio_in.add, "video": self._video_in.add}
        for kind in kinds:
            transceiver = self._pc.addTransceiver(outgoing[kind], "sendrecv")
            seams.prefer_codecs(transceiver, CODECS[kind])
            seams.tap_receiver(transceiver.receiver, incoming[kind])
            self._transceivers[kind] = transceiver
        if "video" in self._transceivers:
            sender = self._transceivers["video"].sender
            reported = functools.partial(self._picture.reported, self._video_out)
            seams.drive_sender(sender, self._video_out.request_key, reported)
        if "audio" in self._transceivers:
            sender = self._transceivers["audio"].sender
            seams.drive_sender(sender, lambda: None, lambda bps: None)
            lost = functools.partial(self._sound.lost, self._audio_out)
            self._tasks.spawn(loss.watch(sender, lost))

    async def _take_description(self, kind: str, sdp: str) -> None:
        if kind == "offer":
            if self.offerer or self._transceivers:
                raise ValueError("an offer was not expected")
            kinds = session_description.kinds(sdp)
            if not kinds:
                raise ValueError("it describes no media")
            self._prepare(kinds)
            use_route(self._pc, await self._route())
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        if kind == "offer":
            await self._pc.setLocalDescription(await self._pc.createAnswer())
            self._describe("answer")
        if self._closing is not None:  # meanwhile: what was removed stays so
            return
        self._negotiated()
        early, self._early = self._early, []
        for candidate in early:
            self._take_candidate(candidate)
        self._watchdog.start()

    def _negotiated(self) -> None:
        ours = {id(t) for t in self._transceivers.values()}
        for transceiver in self._pc.getTransceivers():
            if id(transceiver) not in ours:  # a second camera or the like: read, and dropped
                seams.tap_receiver(transceiver.receiver, lambda packet: None)
        if "video" in self._transceivers:
            transceiver = self._transceivers["video"]
            self._video_in.codecs = seams.codec_names(transceiver)
            self._picture.add(self._video_out, seams.codec_of(transceiver)[0])
        if "audio" in self._transceivers:
            self._sound.add(self._audio_out, self._audio_in)

    def _describe(self, kind: str) -> None:
        if self._closing is None:
            sdp = session_description.with_opus_fec(self._pc.localDescription.sdp)
            self._signal({"kind": kind, "sdp": sdp})

    def _take_candidate(self, body: dict[str, Any] | None) -> None:
        if self._pc.remoteDescription is None:
            if len(self._early) < EARLY:
                self._early.append(body)
            return
        candidate = session_description.candidate(body) if body else None
        if candidate is not None or not body:
            # a name ending in .local is looked up by multicast: not while the hub's line waits
            self._tasks.spawn(self._pc.addIceCandidate(candidate))

    def _nack(self, ssrc: int, seqs: Sequence[int]) -> None:
        self._tasks.spawn(seams.nack(self._transceivers["video"].receiver, ssrc, seqs))

    def _pli(self, ssrc: int) -> None:
        self._tasks.spawn(seams.request_key_frame(self._transceivers["video"].receiver, ssrc))
