"""The simulator against a real hub, and its rules against histories that break them."""

from __future__ import annotations

import asyncio
import re
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from intercom import Event
from intercom.config import load
from intercom.emitter import Payload
from intercom.simulate import Options, main, run
from intercom.simulate.cast import hub_config, make_cast
from intercom.simulate.decisions import decisions, downtimes
from intercom.simulate.device import Watched
from intercom.simulate.hub_process import SimulationError
from intercom.simulate.relay import Wire

# -- real runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "restarts"), [(7, 0), (8, 2)], ids=["faults", "restarts"])
async def test_a_short_run_breaks_no_rule(seed: int, restarts: int, tmp_path: Path) -> None:
    options = Options(
        users=12, minutes=0.08, seed=seed, rate=25.0, restarts=restarts, quiet=3.0, keep=tmp_path
    )
    report = await run(options)
    assert not report.story(), report.story()
    assert report.exit_code == 0
    assert any(call.answered is not None for call in report.checker.facts.all())
    assert sum(report.tally.faults.values()) > 2 * restarts
    assert "calls begun" in report.table()


async def test_a_run_with_a_broken_client_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A client that tells each end twice."""
    emit = Watched.emit

    def twice(self: Watched, event: Event, payload: Payload) -> None:
        emit(self, event, payload)
        if event is Event.CALL_END:
            emit(self, event, payload)

    monkeypatch.setattr(Watched, "emit", twice)
    options = Options(users=6, minutes=0.03, seed=9, rate=20.0, restarts=0, quiet=0.1)
    with pytest.raises(SystemExit) as exited:
        await main(options)
    assert exited.value.code == 1
    said = capsys.readouterr().out
    assert set(re.findall(r"^\[(\w+)\]", said, re.MULTILINE)) == {"1b"}
    assert re.search(r"^    .* Heard: event=call_end", said, re.MULTILINE)  # what led to it
    assert re.search(r"^seed +9$", said, re.MULTILINE)


async def test_a_folder_with_something_in_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "history.log").touch()
    with pytest.raises(SimulationError, match="not empty"):
        await run(Options(keep=tmp_path))


# -- what is drawn ---------------------------------------------------------------------------


def drawn(seed: int) -> list[object]:
    """What a run of this seed decides."""
    rng = Random(seed)
    cast = make_cast(rng, 20)
    return [cast, *downtimes(rng, 60, 3), *islice(decisions(rng, cast, 10.0, 0.1), 300)]


def test_the_seed_decides_everything() -> None:
    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


def test_the_hub_takes_the_configuration(tmp_path: Path) -> None:
    cast = make_cast(Random(3), 30)
    config = load(hub_config(cast, 1234, tmp_path), "hub.toml", "hub").hub
    assert set(config.users) == set(cast.users)
    assert {user for user, its in config.users.items() if its.multi_device} == cast.many
    assert {name: group.members for name, group in config.groups.items()} == {
        name: group.members for name, group in cast.groups.items()
    }


# -- the wire --------------------------------------------------------------------------------


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say everything again, until the other side goes."""
    try:
        while data := await reader.read(100):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()


async def test_a_wire_breaks_as_wires_do() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    wire = Wire(server.sockets[0].getsockname()[1])
    await wire.start()
    host, port = "127.0.0.1", int(wire.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(host, port)

    async def say(text: bytes) -> bytes:
        writer.write(text)
        async with asyncio.timeout(0.3):
            return await reader.read(100)

    assert await say(b"good") == b"good"
    wire.stall()
    assert wire.faulty
    with pytest.raises(TimeoutError):
        await say(b"held")
    wire.heal()
    assert await say(b" back") in {b"held", b"held back"}
    wire.freeze()
    with pytest.raises(TimeoutError):
        await say(b"lost")
    wire.heal()  # what has lost bytes cannot go on
    with pytest.raises(ConnectionError):
        await say(b"anything")
    assert not wire.faulty
    reader, writer = await asyncio.open_connection(host, port)
    assert await say(b"again") == b"again"
    wire.cut()
    with pytest.raises(ConnectionError):
        await say(b"cut")
    writer.close()
    await wire.close()
    await wire.close()
    server.close()
    await server.wait_closed()
