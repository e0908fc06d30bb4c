"""What cannot be made good before the next boot, and so comes last."""

from __future__ import annotations

from .house import House


def test_a_card_that_turns_read_only(house: House) -> None:
    machine = house.machine
    machine.run("echo u >/proc/sysrq-trigger; sleep 2")
    assert machine.ask("touch /data/x")["code"] != 0
    house.ring()
    pid = house.pid("intercom")
    machine.run(f"kill -9 {pid}")
    house.again("intercom", pid)
    pid = house.pid("intercom-hub")
    machine.run(f"kill -9 {pid}")
    house.again("intercom-hub", pid)
    house.ring()
