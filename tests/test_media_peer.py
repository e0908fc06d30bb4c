"""Two peers over real transports: gates, loss, key frames, rates, and ends of all kinds."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtpPacket, pack_remb_fci

from intercom.errors import ProtocolError
from intercom.media import (
    FirstFrame,
    FirstSound,
    PeerConnected,
    PeerLost,
    PeerRestored,
    watchdog,
)
from intercom.media.aiortc_seams import Arrived, packets_received
from intercom.media.peer import EARLY
from tests.media_rig import (
    Clicks,
    Device,
    Line,
    Side,
    TestDevices,
    Wire,
    key_frames,
    loudness,
    no_new_threads,
    payload_type,
    until,
)


async def cameras_on(line: Line) -> None:
    await asyncio.gather(line.door.media.open_camera(), line.flat.media.open_camera())


async def all_on(line: Line) -> None:
    """Everything open: devices, gates and ears."""
    await cameras_on(line)
    await asyncio.gather(line.door.media.open_sound(), line.flat.media.open_sound())
    for side in (line.door, line.flat):
        side.peer.send(True, True)
        side.peer.listen(True)


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


async def test_a_lost_video_packet_is_sent_again() -> None:
    async with Line("480p") as line:
        await line.connect()
        video = payload_type(line.door, "video")
        seen = {"count": 0}

        def lose(data: bytes) -> bool:
            seen["count"] += data[1] & 0x7F == video
            return data[1] & 0x7F == video and seen["count"] % 10 == 5

        wire = Wire(line.door, lose)
        await all_on(line)
        await until(lambda: wire.lost >= 5 and line.flat.view.count >= 30)
        stats = line.flat.peer.stats
        assert stats["video_recovered"] >= 4
        assert stats["video_freezes"] == 0
        assert stats["decode_errors"] == 0


def packet_number(data: bytes, video: int) -> int | None:
    """The sequence number of a video packet, sent the first time or again; else None."""
    kind = data[1] & 0x7F
    if 192 <= data[1] <= 223 or kind not in (video, video + 1):
        return None
    packet = RtpPacket.parse(data)
    again = kind == video + 1  # RFC 4588: the first two bytes are the number of the original
    return int.from_bytes(packet.payload[:2], "big") if again else packet.sequence_number


async def test_a_video_packet_that_stays_lost_brings_a_key_frame() -> None:
    async with Line() as line:
        await line.connect()
        video = payload_type(line.door, "video")
        gone: dict[str, int | None] = {"now": 0, "number": None}

        def lose(data: bytes) -> bool:
            number = packet_number(data, video)
            if gone["now"] and gone["number"] is None:
                gone["number"] = number
            return number is not None and number == gone["number"]

        wire = Wire(line.door, lose)
        await all_on(line)
        await until(lambda: line.flat.view.count >= 5)
        feed = line.door.media._picture.feed_of(line.door.peer._video_out)  # noqa: SLF001 - counted there
        assert feed is not None
        keys, before = key_frames(feed), line.flat.peer.stats
        gone["now"] = 1
        await until(lambda: wire.lost)
        since, shown = time.monotonic(), line.flat.view.count
        await until(lambda: line.flat.view.count > shown + 1)  # one may have been under way
        took = time.monotonic() - since
        stats = line.flat.peer.stats
        assert wire.lost >= 2  # it was asked for again, and lost again
        assert stats["video_plis"] > before["video_plis"]
        assert keys
        assert stats["decode_errors"] == 0
        assert took < 1.0  # a round trip and 0.1 s, the interval of key frames, and two pictures


async def test_a_lost_audio_packet_leaves_no_delay() -> None:
    async with Line() as line:
        await line.connect()
        audio = payload_type(line.door, "audio")
        gone = {"on": False}

        def lose(data: bytes) -> bool:
            mine = gone["on"] and data[1] & 0x7F == audio
            gone["on"] = gone["on"] and not mine
            return mine

        wire, clicks = Wire(line.door, lose), Clicks()
        line.door.devices.voice = clicks
        await all_on(line)
        await until(lambda: len(clicks.delays(line.flat.devices)) >= 5)
        before = clicks.delays(line.flat.devices)[2:]
        gone["on"] = True
        await until(lambda: wire.lost)
        await asyncio.sleep(1)  # for so long it may take
        clicks.said.clear()
        await until(lambda: len(clicks.delays(line.flat.devices)) >= 3)
        after = clicks.delays(line.flat.devices)
        stats = line.flat.peer.stats
        assert stats["audio_concealed"] + stats["audio_recovered"] >= 1
        assert median(after) < median(before) + 0.1  # aiortc alone keeps 0.2 s more


async def test_a_vanished_peer_is_noticed_and_its_return_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "SILENCE", 0.8)
    async with Line() as line:
        await line.connect()
        await all_on(line)
        gone = {"on": True}
        Wire(line.door, lambda data: gone["on"])
        await until(lambda: line.flat.saw(PeerLost))
        gone["on"] = False
        await until(lambda: line.flat.saw(PeerRestored))


async def test_a_quiet_peer_is_not_lost() -> None:
    async with Line() as line:
        await line.connect()
        since = packets_received(line.flat.pc)
        await until(lambda: packets_received(line.flat.pc) >= since + 4)  # reports only
        assert not line.flat.saw(PeerLost)


async def test_closing_is_quick_even_if_the_peer_is_dead() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            Wire(line.door, lambda data: True)
            async with asyncio.timeout(1):
                await line.flat.peer.close()
                await line.flat.peer.close()


async def test_closing_goes_on_when_who_closes_is_cancelled() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            first = asyncio.create_task(line.flat.peer.close())
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first])
            async with asyncio.timeout(3):
                await line.flat.peer.close()
            assert line.flat.pc.connectionState == "closed"
            assert line.flat.media._peers == {}  # noqa: SLF001 - nobody may keep it


async def test_everything_is_freed_even_when_closing_itself_is_cancelled() -> None:
    with no_new_threads():
        async with Line() as line:
            await line.connect()
            await all_on(line)
            closing = asyncio.create_task(line.flat.peer.close())
            await asyncio.sleep(0.001)  # at its first wait, or a later one
            task = line.flat.peer._closing  # noqa: SLF001 - as a loop does that ends
            assert task is not None
            task.cancel()
            await asyncio.wait([closing])
            assert line.flat.media._peers == {}  # noqa: SLF001 - as above
            assert not line.flat.peer._video_out.is_open  # noqa: SLF001 - as above


async def test_an_offer_that_is_taken_while_it_closes_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Line() as line:
        peer = line.flat.peer
        describe = peer._pc.setLocalDescription  # noqa: SLF001 - its last step that waits

        async def late(answer: RTCSessionDescription) -> None:
            await describe(answer)
            await peer.close()

        monkeypatch.setattr(peer._pc, "setLocalDescription", late)  # noqa: SLF001 - the same
        handle, handled = peer.handle, asyncio.Event()

        async def noted(body: dict[str, Any]) -> None:
            await handle(body)
            handled.set()

        monkeypatch.setattr(peer, "handle", noted)
        await line.door.peer.start()
        await until(handled.is_set)
        assert line.flat.media._picture._tracks == {}  # noqa: SLF001 - nothing of it stays
        assert line.flat.media._sound._receivers == ()  # noqa: SLF001 - the same


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


async def test_closing_gives_the_sockets_back() -> None:
    async with Line() as line:
        await line.connect()
        connection = line.door.transport.transport._connection  # noqa: SLF001 - owns the sockets
        sockets = [p.transport.get_extra_info("socket") for p in connection._protocols]  # noqa: SLF001 - these
        await line.door.peer.close()
        assert sockets
        assert all(s.fileno() == -1 for s in sockets)


async def test_closing_before_anything_happened() -> None:
    side = Side("door", "240p", False)
    peer = side.media.peer("call", "flat", 1, True, lambda body: None)
    await peer.close()
    await peer.start()
    await peer.handle({"kind": "answer", "sdp": ""})
    await side.media.close()


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
