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
from . import loss, session_description
from .aioice_seams import own_addresses, use_route
from .devices import View
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
    before `send` and `listen` say so; neither needs a negotiation.
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
        self._audio_out, self._video_out = PacketTrack("audio"), PacketTrack("video")
        self._audio_in = AudioReceiver(lambda: report(FirstSound(call_id, user_id)))
        self._video_in = VideoReceiver(
            user_id, lambda: report(FirstFrame(call_id, user_id)), self._nack, self._pli
        )
        self._transceivers: dict[str, RTCRtpTransceiver] = {}
        self._early: list[dict[str, Any] | None] = []
        self._closing: asyncio.Future[None] | None = None
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

    def view(self, view: View | None) -> None:
        """Where the remote picture is shown."""
        self._video_in.view(view)

    def take_volume(self) -> int:
        """How loud the remote voice was since the last call, 0-100."""
        return self._audio_in.take_volume()

    def uses(self, addresses: Collection[str]) -> bool:
        """Whether it goes by one of these own addresses, or by nobody knows which."""
        used = own_addresses(self._pc)
        return not used or not used.isdisjoint(addresses)

    @property
    def stats(self) -> dict[str, Any]:
        """Counters for the metrics and the log."""
        assembler, audio = self._video_in.assembler.stats, self._audio_in.stats
        feed = self._picture.feed_of(self._video_out)
        sender = self._transceivers["video"].sender if "video" in self._transceivers else None
        return {
            "state": self._pc.connectionState,
            "epoch": self.epoch,
            **self._line(),
            "sent_height": self._picture.height_of(self._video_out),
            "echo_reduction_db": self._sound.echo_reduction,
            "rtt": seams.round_trip(sender) if sender is not None else None,
            "video_out_dropped": self._video_out.dropped,
            "audio_out_dropped": self._audio_out.dropped,
            "bitrate": feed.rate.value if feed is not None else 0,
            "frames_decoded": self._video_in.decoder.decoded,
            "decode_errors": self._video_in.decoder.errors,
            "decoder_overflows": self._video_in.decoder.overflows,
            **{f"video_{k}": getattr(assembler, k) for k in assembler.__slots__},
            **{f"audio_{k}": getattr(audio, k) for k in audio.__slots__},
        }

    def _line(self) -> dict[str, Any]:
        """What came and went, of both kinds; the jitter is the picture's."""
        counts = {k: seams.arrivals(t.receiver) for k, t in self._transceivers.items()}
        received, sent = seams.octets(self._pc)
        return {
            "packets_in": sum(count[0] for count in counts.values()),
            "packets_lost": sum(count[1] for count in counts.values()),
            "jitter_ms": counts["video"][2] if "video" in counts else None,
            "bytes_in": received,
            "bytes_out": sent,
        }

    async def close(self) -> None:
        """Hang up the transports within a second, whatever the peer does; idempotent."""
        if self._closing is not None:
            await asyncio.shield(self._closing)
            return
        self._closing = asyncio.get_running_loop().create_future()
        self.send(False, False)
        self._picture.remove(self._video_out)
        self._sound.remove(self._audio_out, self._audio_in)
        await self._watchdog.close()
        try:
            await asyncio.wait_for(self._pc.close(), CLOSE_WITHIN)
        except TimeoutError:
            logger.warning("the connection to %s did not close in time", self.user_id)
        await self._tasks.close()
        await self._video_in.close()
        self._audio_in.close()
        self._audio_out.stop()
        self._video_out.stop()
        self.on_closed(self)
        self._closing.set_result(None)

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
            seams.drive_sender(sender, self._video_out.request_key, self._remb)
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
            self._early.append(body)
            return
        candidate = session_description.candidate(body) if body else None
        if candidate is not None or not body:
            # a name ending in .local is looked up by multicast: not while the hub's line waits
            self._tasks.spawn(self._pc.addIceCandidate(candidate))

    def _remb(self, bps: int) -> None:
        self._picture.reported(self._video_out, bps)

    def _nack(self, ssrc: int, seqs: Sequence[int]) -> None:
        self._tasks.spawn(seams.nack(self._transceivers["video"].receiver, ssrc, seqs))

    def _pli(self, ssrc: int) -> None:
        self._tasks.spawn(seams.request_key_frame(self._transceivers["video"].receiver, ssrc))
