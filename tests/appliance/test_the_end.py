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


def test_emergency_mode_is_not_the_end_of_a_trial(house: House) -> None:
    """It boots again, so that its boots are counted out; the watchdog would be fed for ever."""
    machine = house.machine
    machine.run("touch /run/intercom-boot/trial")
    machine.run("systemd-run --on-active=2 systemctl --no-block emergency")  # it ends our hand too
    machine.guest.wait_for("Restarting system", 150)
