"""What the keys of a configuration must have to do with one another."""

from __future__ import annotations

import pytest

from intercom.config import InvalidConfig, PlanStep, Role, is_loopback, load
from intercom.protocol import OTHERS_MAX

EMBEDDED = "[hub]\nembedded = true"
STATION = """
[station]
user = "door"
token_file = "/etc/intercom/token"
[hub]
url = "wss://hub.local:8443"
"""


@pytest.mark.parametrize(
    ("where", "good"),
    [
        ("127.0.0.1:9464", True),
        ("0.0.0.0:9464", True),
        ("[::1]:9464", True),
        ("::1:9464", True),
        ("door.local:9464", True),
        ("192.168..5:9464", False),
        (".:9464", False),
        ("127.0.0.1:99999", False),
    ],
)
def test_where_metrics_can_be_served(where: str, good: bool) -> None:
    text = STATION.replace("[hub]", f"metrics = '{where}'\n[hub]")
    assert (
        faults(text, "station") == [] if good else "station.metrics" in only_fault(text, "station")
    )


def faults(text: str, role: Role | None = None) -> list[str]:
    """The lines of the refusal; none when the text is accepted."""
    try:
        load(text, "door.toml", role)
    except InvalidConfig as error:
        return str(error).splitlines()
    return []


def only_fault(text: str, role: Role | None = None) -> str:
    """The one line of the refusal, without the file's name."""
    (line,) = faults(text, role)
    return line.removeprefix("door.toml: ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[station]\n[hub]\nembedded = true", "station.user: is missing"),
        ("[station]\nuser = 'a'\ntoken = 'x'", "hub.url: is missing"),
        ("[station]\ntoken = 'x'\n[hub]\nurl = 'wss://h'", "station.user: is missing"),
        ("[station]\nuser = 'a'\nkey_file = ''", "station.key_file: is empty"),
        (STATION + "embedded = true", "hub.embedded: excludes url"),
        (STATION.replace("user =", "token = 'x'\nuser ="), "station.token: excludes token_file"),
        (STATION + "[panel]\ncall = 5", "call.callee: is missing: the button on GPIO 5"),
        (STATION + "[call]\nsecond_callee = 'b'", "call.second_callee: needs a callee"),
        (STATION + "[call]\ncallee = 'door'", 'call.callee: "door" is this station itself'),
        (
            STATION + "[[call.plan]]\nring = 'door'",
            'call.plan[0].ring: "door" is this station itself',
        ),
        (STATION.replace("wss:", "ws:"), "hub.url: ws:// would send the token"),
        (STATION.replace("wss:", "ws:").replace("hub.local", "127.evil.net"), "hub.url: ws://"),
    ],
)
def test_a_station_that_could_not_work_is_refused(text: str, fault: str) -> None:
    assert only_fault(text).startswith(fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[panel]\nlamp = 17", "panel.lamp: GPIO 17 is taken by panel.call"),
        (
            "[hub.users.anna]\n[hub.groups.g]\nmembers = ['ana']",
            'hub.groups.g.members: "ana" is no user, did you mean "anna"?',
        ),
        (
            "[hub.users.anna]\nmay_call = ['kitchen']",
            'hub.users.anna.may_call: "kitchen" is no user and no group',
        ),
        ("[hub]\ntls_cert = 'c'", "hub.tls_key: is missing"),
        ("[hub]\ntls_key = 'k'", "hub.tls_cert: is missing"),
        ("[hub.groups.g]", "hub.groups.g.members: is empty"),
        (
            f"[hub.groups.g]\nmembers = {[f'u{number}' for number in range(OTHERS_MAX + 1)]}",
            f"hub.groups.g.members: are {OTHERS_MAX + 1}: one call rings at most {OTHERS_MAX}",
        ),
        ("[network]\nudp_ports = '50100-50000'", "network.udp_ports: must go up"),
        ("[network]\nudp_ports = '80-90'", "network.udp_ports: must go up, from 1024"),
        ("[network]\nudp_ports = '50000-50001'", "network.udp_ports: is too small"),
        ("[network]\nudp_ports = 'many'", "network.udp_ports: must be a range like"),
        (
            "[network]\nignore_networks = ['172.17.0.0/16', 'docker0']",
            "network.ignore_networks[1]: is no network: ",
        ),
        ("[hub.groups.g]\nmembers = ['a', 'a']", "hub.groups.g.members: names a member twice"),
        (
            "[hub.users.g]\n[hub.users.a]\n[hub.groups.g]\nmembers = ['a']",
            "hub.groups.g: is the name of a user as well",
        ),
        ("[answer]\nkind = 'normal'", "answer.allow: is empty"),
        ("[answer]\nquiet_to = '07:00'", "answer.quiet_from: is missing"),
        ("[answer]\ndnd_from = '22:00'", "answer.dnd_to: is missing"),
        ("[[call.plan]]\nseconds = 5", "call.plan[0].ring: is missing"),
        ("[[call.plan]]\nring = 'a'\nmessage = true", "call.plan[0].message: excludes ring"),
        (
            "[[call.plan]]\nmessage = true\n[[call.plan]]\nring = 'a'",
            "call.plan[0].message: must be the last step",
        ),
        (
            "[[call.plan]]\nmessage = true\nseconds = 121",
            "call.plan[0].seconds: must be at most 120 for a message",
        ),
        (
            "[[call.plan]]\nring = 'a'\nhours = '08:00-08:00'",
            "call.plan[0].hours: have no length",
        ),
        ("[camera]\nbitrate = 64000", "camera.bitrate: must be 0 (by quality) or at least 100000"),
        ("[camera]\nhot_from = 20", "camera.hot_from: must be 0 (never) or at least 40 degrees"),
        (f"[station]\ncontrol = '/{'x' * 107}'", "station.control: is longer than"),
        (f"[hub]\nurl = 'ws://localhost'\ntls_pin = '{'0' * 64}'", "hub.tls_pin: needs a wss://"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(text: str, fault: str) -> None:
    assert only_fault(text, "hub").startswith(fault)


@pytest.mark.parametrize(
    "text",
    [
        "[hub]\nlisten = '0.0.0.0'",
        "[hub.groups.g]\nmembers = ['anybody']",
        "[hub.users.a]\nmay_call = ['g', 'a']\n[hub.groups.g]\nmembers = ['a']",
        "[hub]\nlisten = '::'\ntls_cert = 'c'\ntls_key = 'k'",
        "[hub]\nlisten = '::1'",
        "[panel]\naccept = -1\nmute = -1",
        "[panel]\nlamp = 17\ndriver = 'none'",
        "[camera]\nbitrate = 100000",
        "[hub]\ntls_pin = '" + ":".join(["aF"] * 32) + "'\nurl = 'wss://[fe80::1]:8443/ws'",
        STATION.replace("wss://hub.local", "ws://127.0.0.1"),
        STATION.replace("wss:", "ws:") + "insecure = true",
        STATION + "[panel]\ncall = -1",
        STATION + "[call]\ncallee = 'group:door'\nsecond_callee = 'group:family'",
        STATION + "[panel]\ncall = 5\n[[call.plan]]\nring = 'a'",
        STATION + "[call]\nsecond_callee = 'b'\n[[call.plan]]\nring = 'a'",
        "[[call.plan]]\nmessage = true\nseconds = 120",
        "[answer]\ndnd_from = '22:00'\ndnd_to = '07:00'\ndnd_allow = ['anna']",
        "[station]\nuser = 'a'\n[hub]\nembedded = true",
        "[station]",
        "[station]\nuser = 'a'\n[hub]\nurl = 'wss://h'",
    ],
)
def test_what_is_allowed(text: str) -> None:
    assert faults(text) == []


def test_a_plan_is_a_list_of_steps_with_what_is_left_out_by_default() -> None:
    text = (
        STATION
        + """
[[call.plan]]
ring = "anna"
seconds = 15
hours = "22:00-06:00"
[[call.plan]]
ring = "group:family"
[[call.plan]]
message = true
seconds = 120
"""
    )
    assert load(text, "x").call.plan == (
        PlanStep(ring="anna", seconds=15, hours="22:00-06:00"),
        PlanStep(ring="group:family", seconds=30, hours="", message=False),
        PlanStep(ring="", seconds=120, message=True),
    )


def test_a_wrong_value_does_not_bring_a_second_fault_about_the_same_key() -> None:
    assert only_fault(STATION.replace('"wss://hub.local:8443"', "3")).startswith("hub.url: must")
    broken = "[station]\nuser = 'a'\nhub = 3"
    assert "door.toml: hub.url: is missing" not in "\n".join(faults("hub = 3\n" + broken))


def test_the_role_decides_what_must_be_there() -> None:
    assert faults("", "hub") == []
    assert [line.split(": ")[1] for line in faults(EMBEDDED, "station")] == ["station.user"]
    assert faults(EMBEDDED, "hub") == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(f"x{host}")
    assert not is_loopback(f"{host}.example")
