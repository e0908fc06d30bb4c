"""Two peers over real transports: gates, key frames, rates, and what they signal."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

from intercom.errors import ProtocolError
from intercom.media import (
    FirstFrame,
    FirstSound,
    PeerConnected,
)
from intercom.media.aiortc_seams import Arrived
from intercom.media.peer import EARLY
from tests.media_rig import Device, Line, Side, TestDevices, loudness, until
from tests.media_wire import Wire, all_on, cameras_on, key_frames, payload_type


async def test_picture_and_sound_go_both_ways() -> None:
    async with Line() as line:
        await line.connect()
        await all_on(line)
        for side in (line.door, line.flat):
            view, devices = side.view, side.devices
            await until(partial(lambda view: view.count >= 5, view))
            await until(partial(lambda devices: loudness(devices.played[-5:]) > 6000, devices))
            assert side.saw(PeerConnected)
            assert side.saw(FirstFrame)
            assert side.saw(FirstSound)
            assert side.view.last is not None
            assert (side.view.last.width, side.view.last.height) == (320, 240)


async def test_shut_gates_send_not_one_packet() -> None:
    async with Line() as line:
        await line.connect()
        wire = Wire(line.door)
        await cameras_on(line)
        await line.door.media.open_sound()
        await until(lambda: len(wire.rtcp) >= 2)  # the senders run, and say so by reports
        assert wire.rtp == []

        line.door.peer.send(False, True)
        await until(lambda: line.flat.view.count >= 3)
        assert {data[1] & 0x7F for data in wire.rtp} == {payload_type(line.door, "video")}

        line.door.peer.send(False, False)
        sent, reports = len(wire.rtp), len(wire.rtcp)
        await until(lambda: len(wire.rtcp) >= reports + 2)
        assert len(wire.rtp) == sent


async def test_early_media_is_seen_and_not_heard() -> None:
    async with Line() as line:
        await line.connect()
        await cameras_on(line)
        await asyncio.gather(line.door.media.open_sound(), line.flat.media.open_sound())
        line.door.peer.send(True, True)
        await until(lambda: line.flat.view.count >= 3 and line.flat.saw(FirstSound))
        await until(lambda: len(line.flat.devices.played) >= 20)
        assert loudness(line.flat.devices.played) == 0
        line.flat.peer.listen(True)
        await until(lambda: loudness(line.flat.devices.played[-5:]) > 6000)


async def test_mute_sends_silence_and_goes_on_sending() -> None:
    async with Line() as line:
        await line.connect()
        await all_on(line)
        await until(lambda: loudness(line.flat.devices.played[-5:]) > 6000)
        line.door.media.set_mic_mute(True)
        await until(lambda: loudness(line.flat.devices.played[-20:]) < 10)
        wire = Wire(line.door)
        audio = payload_type(line.door, "audio")
        await until(lambda: len(wire.kind(audio)) >= 3)
        assert max(len(data) for data in wire.kind(audio)) < 100
        await until(lambda: line.door.volumes and line.door.volumes[-1].levels[""] == 0)
        line.door.media.set_mic_mute(False)
        await until(lambda: loudness(line.flat.devices.played[-5:]) > 6000)


async def test_a_picture_loss_gives_a_key_frame() -> None:
    async with Line() as line:
        await line.connect()
        await all_on(line)
        await until(lambda: line.flat.view.count >= 3)
        feed = line.door.media._picture.feed_of(line.door.peer._video_out)  # noqa: SLF001 - counted there
        assert feed is not None
        keys = key_frames(feed)
        line.flat.peer._video_in._lost()  # noqa: SLF001 - as the decoder would say
        await until(lambda: keys)
        shown = line.flat.view.count
        await until(lambda: line.flat.view.count > shown)


async def test_a_lower_estimate_changes_the_rate_and_not_the_encoder() -> None:
    async with Line("480p") as line:
        await line.connect()
        await all_on(line)
        await until(lambda: line.flat.view.count >= 3)
        encoder: Any = line.door.media._picture.feed_of(line.door.peer._video_out)  # noqa: SLF001 - as above
        sender = next(t.sender for t in line.door.pc.getTransceivers() if t.kind == "video")
        keys = key_frames(encoder)
        remb = RtcpPsfbPacket(
            fmt=RTCP_PSFB_APP,
            ssrc=1,
            media_ssrc=0,
            fci=pack_remb_fci(500_000, [sender._ssrc]),  # noqa: SLF001 - the report names it
        )
        await until(lambda: encoder.frames > 20)  # more was sent than the report allows
        await sender._handle_rtcp_packet(remb)  # noqa: SLF001 - as from the wire
        await until(lambda: encoder._context.bit_rate == 500_000)  # noqa: SLF001 - libx264's own
        shown = line.flat.view.count
        await until(lambda: line.flat.view.count > shown + 5)
        assert keys == []


async def test_candidates_that_come_too_early_are_not_kept_without_end() -> None:
    side = Side("flat", "240p", False)
    peer = side.media.peer("call", "door", 1, False, lambda body: None)
    line = "candidate:1 1 udp 1 192.0.2.1 9 typ host"
    for _ in range(3 * EARLY):
        await peer.handle({"kind": "candidate", "candidate": {"candidate": line, "sdpMid": "0"}})
    assert len(peer._early) == EARLY  # noqa: SLF001 - bounded
    await side.media.close()


async def test_what_is_lost_is_counted_for_the_metrics() -> None:
    async with Line() as line:
        await line.connect()
        await all_on(line)
        await until(lambda: line.flat.view.count >= 3)
        assert line.flat.peer.stats["malformed"] == 0
        line.door.peer.send(False, True)
        receiver = line.flat.peer._audio_in  # noqa: SLF001 - in the tap's place
        receiver.add(Arrived(1, 96, 1, 0, True, b"\xff" * 3, b""))
        await until(lambda: line.flat.peer.stats["malformed"] >= 1)
        speaker = line.flat.media._sound.speaker.device  # noqa: SLF001 - its driver counts
        assert isinstance(speaker, Device)
        speaker.xruns = 2
        line.flat.peer._video_out.dropped += 3  # noqa: SLF001 - a queue that was full
        stats = line.flat.peer.stats
        assert stats["xruns"] == 2
        assert stats["dropped"] >= 3
        assert {"overruns", "gaps"} <= stats.keys()


async def test_signals_name_their_faults() -> None:
    side = Side("flat", "240p", False)
    peer = side.media.peer("call", "door", 1, False, lambda body: None)
    with pytest.raises(ProtocolError, match="unknown signal 'hello' from door"):
        await peer.handle({"kind": "hello"})
    with pytest.raises(ProtocolError, match="bad offer from door"):
        await peer.handle({"kind": "offer", "sdp": "nonsense"})
    await side.media.close()


async def test_candidates_may_come_one_by_one_and_early() -> None:
    """The other side is a plain RTCPeerConnection that trickles, as a browser does."""
    devices = TestDevices()
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    side = Side("flat", "240p", False)
    peer = side.media.peer("call", "page", 1, False, answers.put_nowait)
    browser = RTCPeerConnection()
    browser.addTransceiver("video", "recvonly")
    browser.addTransceiver("audio", "sendrecv")
    await browser.setLocalDescription(await browser.createOffer())
    lines = browser.localDescription.sdp.splitlines(keepends=True)
    bare = "".join(x for x in lines if not x.startswith(("a=candidate", "a=end-of")))
    host = next(x for x in lines if x.startswith("a=candidate"))[2:].strip()
    await peer.handle({"kind": "candidate", "candidate": {"candidate": host, "sdpMid": "0"}})
    await peer.handle({"kind": "offer", "sdp": bare})
    await peer.handle({"kind": "candidate", "candidate": None})
    answer = await answers.get()
    assert "useinbandfec=1" in answer["sdp"]
    await browser.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await until(lambda: side.saw(PeerConnected))
    await side.media.close()
    await browser.close()
    assert devices.opened == []


async def test_a_camera_that_encodes_is_passed_through() -> None:
    async with Line(encoded=True) as line:
        await line.connect()
        await all_on(line)
        await until(lambda: line.flat.view.count >= 5)
        camera = line.door.devices.camera
        assert camera is not None
        assert camera.forced >= 1  # the gate asked for a key frame
        forced = camera.forced
        line.flat.peer._video_in._lost()  # noqa: SLF001 - as the decoder would say
        await until(lambda: camera.forced > forced)
        shown = line.flat.view.count
        await until(lambda: line.flat.view.count > shown + 2)
