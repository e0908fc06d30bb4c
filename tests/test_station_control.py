"""The control socket: commands, events, and clients that misbehave."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from intercom.doctor.running import SERVICE
from intercom.station.control import HISTORY, QUEUE, Control, ControlError, Trace, place


async def command(request: dict[str, Any]) -> dict[str, Any]:
    """Echo, or fail as a station would."""
    if request.get("do") == "fail":
        raise ValueError("no such thing")
    return {"echo": request}


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[tuple[Path, Trace]]:
    path, trace = tmp_path / "c.sock", Trace()
    server = Control(path, trace, command)
    await server.start()
    yield path, trace
    await server.close()
    assert not path.exists()


async def ask(writer: asyncio.StreamWriter, reader: asyncio.StreamReader, line: bytes) -> Any:
    writer.write(line + b"\n")
    return json.loads(await reader.readline())


def test_a_service_has_its_socket_where_the_doctor_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (Path(__file__).parent.parent / "systemd/intercom.service").read_text()
    (folder,) = re.findall("^RuntimeDirectory=(.+)$", unit, re.MULTILINE)
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"/run/{folder}")
    assert place("") == f"/{SERVICE}"
    assert place("/tmp/named") == "/tmp/named"
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert place("") == ""


async def test_commands_and_faults(control: tuple[Path, Trace]) -> None:
    path, _ = control
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(str(path))
    assert await ask(writer, reader, b'{"do": "x"}') == {"ok": True, "echo": {"do": "x"}}
    assert await ask(writer, reader, b'{"do": "fail"}') == {"error": "ValueError: no such thing"}
    for garbage in (b"nonsense", b"[1, 2]", b"\xff\xfe", b"3"):
        assert "error" in await ask(writer, reader, garbage)
    writer.close()


async def test_events_past_and_present_reach_every_client(control: tuple[Path, Trace]) -> None:
    path, trace = control
    trace.tell("before", n=1)
    await asyncio.sleep(0)
    reader, writer = await asyncio.open_unix_connection(str(path))
    assert json.loads(await reader.readline())["event"] == "before"
    await asyncio.to_thread(trace.tell, "now")
    entry = json.loads(await reader.readline())
    assert entry["event"] == "now"
    assert entry["t"] > 0
    writer.close()


async def test_a_client_that_does_not_read_loses_the_oldest() -> None:
    trace = Trace()
    queue = trace.listen()
    for number in range(QUEUE + HISTORY + 5):
        trace.tell("e", n=number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert queue.full()
    assert queue.get_nowait()["n"] == 5
    trace.leave(queue)


async def test_no_such_folder(tmp_path: Path) -> None:
    server = Control(tmp_path / "no" / "c.sock", Trace(), command)
    with pytest.raises(ControlError, match="control"):
        await server.start()
    await server.close()
