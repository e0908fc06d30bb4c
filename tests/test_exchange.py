"""The hub's decisions as short scenarios, by the rules of the calling contract.

`test_properties.py` tries them in every order; here stands what each rule means.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import pytest

from intercom import protocol as p
from intercom.config import HubConfig, UserConfig
from intercom.errors import Code, ProtocolError
from intercom.hub import calls as hc
from intercom.hub.accounts import Accounts
from intercom.hub.exchange import Exchange
from intercom.hub.keys import Keys
from intercom.protocol import DEAD_CALL, LOST_GRACE, CallType, Reason

C1, C2, C3 = "call-0001", "call-0002", "call-0003"
USERS = {
    "door": UserConfig(name="Front door", may_call=("indoor", "desk")),
    "indoor": UserConfig(name="Kitchen", open_door=True),
    "desk": UserConfig(),
}
M = TypeVar("M", bound=p.Message)


class Hub:
    """An exchange with its sockets, its clock and its timers in the test's hand."""

    def __init__(self, keys: Keys, ring_max: int = 300) -> None:
        self.exchange = Exchange(Accounts(HubConfig(users=USERS), keys), ring_max)
        self.now = 1000.0
        self.sockets: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        self.said: dict[int, list[p.HubMessage]] = {}
        self.closed: list[int] = []
        self.timers: dict[tuple[str, str], float] = {}
        self.records: list[hc.Finished] = []

    def login(self, user: str, resumes: str = "", call_id: str = "") -> int:
        """Connect a user's client; `resumes` is the secret it kept. Return its socket."""
        number = len(self.said) + 1
        self.said[number] = []
        self.sockets[user], self.secrets[user] = number, f"secret of {number}"
        self.feed(hc.LoggedIn(number, user, self.secrets[user], resumes, call_id))
        return number

    def back(self, user: str, call_id: str = "") -> None:
        """Let the same client come back."""
        self.login(user, self.secrets[user], call_id)

    def lose(self, user: str) -> None:
        """Let the user's socket end."""
        self.feed(hc.Detached(self.sockets[user]))

    def do(self, user: str, message: p.ClientMessage) -> None:
        """Let the user's client say something."""
        self.feed(hc.Received(self.sockets[user], message))

    def wait(self, seconds: float) -> None:
        """Let time pass, and timers go off."""
        end = self.now + seconds
        while due := sorted((at, key) for key, at in self.timers.items() if at <= end):
            self.now, key = due[0]
            del self.timers[key]
            self.feed(hc.TimerFired(key))
        self.now = end

    def feed(self, event: hc.Input) -> None:
        """Give the exchange an event, and do what it says."""
        for effect in self.exchange.feed(event, self.now):
            match effect:
                case hc.SendTo(session=number, message=message):
                    self.said[number].append(message)
                case hc.CloseSession(session=number):
                    self.closed.append(number)
                case hc.StartTimer(key=key, seconds=seconds):
                    self.timers[key] = self.now + seconds
                case hc.StopTimer(key=key):
                    self.timers.pop(key, None)
                case hc.Finished():
                    self.records.append(effect)

    def news(self, user: str) -> list[p.HubMessage]:
        """Return what the user's client heard since the last look."""
        heard, self.said[self.sockets[user]] = self.said[self.sockets[user]], []
        return heard

    def one(self, user: str, kind: type[M]) -> M:
        """Return the one message of that kind in the user's news."""
        [message] = [m for m in self.news(user) if isinstance(m, kind)]
        return message

    def refused(self, user: str, message: p.ClientMessage) -> Code:
        """Return the code with which the hub refuses that, and see that nothing changed."""
        before = repr((self.exchange.calls, self.exchange.claims, self.timers))
        with pytest.raises(ProtocolError) as error:
            self.do(user, message)
        assert repr((self.exchange.calls, self.exchange.claims, self.timers)) == before
        return error.value.code


def invite(callee: str, call_id: str = C1, **more: object) -> p.Invite:
    raw = {"req": 1, "call_id": call_id, "user_id": callee, "type": 2, **more}
    return msgspec.convert(raw, p.Invite)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def hub(keys: Keys) -> Hub:
    """A hub with everybody at home."""
    made = Hub(keys)
    for user in USERS:
        made.login(user)
        made.news(user)
    return made


@pytest.fixture
def ringing(hub: Hub) -> Hub:
    """The door rings the kitchen."""
    hub.do("door", invite("indoor", early_media=True, data="hello"))
    hub.do("indoor", p.Ringing(C1))
    return hub


@pytest.fixture
def connected(ringing: Hub) -> Hub:
    """Door and kitchen talk."""
    ringing.do("indoor", p.Accept(2, C1))
    for user in USERS:
        ringing.news(user)
    return ringing


def test_an_answered_call(hub: Hub) -> None:
    hub.do("door", invite("indoor", early_media=True, data="hello"))
    assert hub.news("door") == [p.Ok(1)]
    [invited] = hub.news("indoor")
    assert invited == p.Invited(
        C1,
        "door",
        ["indoor"],
        CallType.VIDEO,
        30,
        early_media=True,
        data="hello",
        name="Front door",
    )
    hub.do("indoor", p.Ringing(C1))
    hub.do("indoor", p.Ringing(C1))
    assert hub.news("door") == [p.Rang(C1, "indoor")]
    hub.wait(4)
    hub.do("indoor", p.Accept(2, C1, video=False))
    accepted = p.Accepted(C1, "indoor", video=False)
    assert hub.news("door") == [accepted]
    assert hub.news("indoor") == [p.Ok(2), accepted, p.PeerAvailable(C1, "door", True, True)]
    hub.wait(61.5)
    hub.do("door", p.Hangup(C1))
    assert hub.news("door") == []
    assert hub.news("indoor") == [
        p.Left(C1, "door", Reason.HANGUP),
        p.Ended(C1, "door", Reason.HANGUP, 61),
    ]
    [record] = hub.records
    assert record == hc.Finished(
        C1,
        "door",
        "indoor",
        CallType.VIDEO,
        Reason.HANGUP,
        "door",
        rung=4,
        duration=61,
        answered=True,
    )


def test_everybodys_name_is_told_at_login(keys: Keys) -> None:
    hub = Hub(keys)
    hub.login("door")
    assert hub.one("door", p.Welcome).names == {
        "door": "Front door",
        "indoor": "Kitchen",
        "desk": "desk",
    }


# -- rule 2: busy ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ringing", "connected"])
def test_busy_never_disturbs_the_first_call(state: str, request: pytest.FixtureRequest) -> None:
    hub: Hub = request.getfixturevalue(state)
    for user in USERS:
        hub.news(user)
    hub.do("desk", invite("indoor", C2))
    busy = p.Busy(C2, "desk", "indoor")
    assert hub.news("desk") == [p.Ok(1), busy, p.Ended(C2, "indoor", Reason.LINE_BUSY, 0)]
    assert hub.news("indoor") == [busy]
    assert hub.news("door") == []
    assert list(hub.exchange.calls) == [C1]


def test_the_inviter_is_busy_too(ringing: Hub) -> None:
    ringing.do("desk", invite("door", C2))
    assert ringing.one("desk", p.Ended).reason is Reason.LINE_BUSY
    assert ringing.refused("door", invite("desk", C3)) is Code.ALREADY_IN_CALL
    assert ringing.refused("indoor", invite("desk", C3)) is Code.ALREADY_IN_CALL


def test_a_callee_may_say_that_it_is_busy(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Reject(C1, busy=True))
    busy = p.Busy(C1, "door", "indoor")
    assert ringing.news("door") == [busy, p.Ended(C1, "indoor", Reason.LINE_BUSY, 0)]


# -- rule 3: glare ---------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(C1, C2), (C2, C1)])
def test_glare_becomes_the_call_with_the_lower_id(hub: Hub, first: str, second: str) -> None:
    hub.do("indoor", invite("desk", first, type=1))
    hub.do("desk", invite("indoor", second, video=False))
    [call] = hub.exchange.calls.values()
    assert call.call_id == C1
    assert call.type is CallType.VIDEO
    assert set(hub.exchange.claims.values()) == {C1}
    assert hub.one("indoor", p.Merged) == p.Merged(
        C1, first, "desk", call.sponsor, CallType.VIDEO, video=False
    )
    assert hub.one("desk", p.Merged) == p.Merged(C1, second, "indoor", call.sponsor, CallType.VIDEO)
    assert call.sponsor == ("indoor" if first == C1 else "desk")
    hub.wait(400)
    assert not hub.records
    hub.do("desk", p.Hangup(C1))
    assert hub.one("indoor", p.Ended).call_id == C1
    assert not hub.exchange.claims


# -- rule 5: no answer -----------------------------------------------------------------------


def test_it_rings_out(ringing: Hub) -> None:
    ringing.news("door"), ringing.news("indoor")
    ringing.wait(29.9)
    assert not ringing.records
    ringing.wait(0.1)
    ended = p.Ended(C1, "indoor", Reason.NO_RESPONSE, 0)
    assert ringing.news("door") == [p.NoResponse(C1, ["indoor"], "timeout"), ended]
    assert ringing.news("indoor") == [ended]
    assert ringing.refused("indoor", p.Accept(3, C1)) is Code.INVITATION_GONE
    ringing.do("indoor", p.Reject(C1))
    ringing.do("door", p.Hangup(C1))
    assert ringing.news("door") == ringing.news("indoor") == []
    assert len(ringing.records) == 1


def test_offline_is_told_at_once(hub: Hub) -> None:
    hub.lose("indoor")
    hub.do("door", invite("indoor"))
    assert hub.news("door") == [
        p.Ok(1),
        p.NoResponse(C1, ["indoor"], "offline"),
        p.Ended(C1, "indoor", Reason.OFFLINE, 0),
    ]


def test_the_hub_limits_how_long_it_rings(keys: Keys) -> None:
    hub = Hub(keys, ring_max=10)
    hub.login("door"), hub.login("indoor")
    hub.do("door", invite("indoor", timeout=60))
    assert hub.one("indoor", p.Invited).timeout == 10
    hub.wait(10)
    assert hub.one("door", p.Ended).reason is Reason.NO_RESPONSE


# -- rule 6: leaving -------------------------------------------------------------------------


def test_a_caller_who_hangs_up_stops_the_ringing(ringing: Hub) -> None:
    ringing.news("indoor")
    ringing.do("door", p.Hangup(C1))
    ringing.do("door", p.Hangup(C1))
    assert ringing.news("indoor") == [p.Ended(C1, "door", Reason.CANCELED, 0)]
    assert not ringing.timers.keys() & {("ring", C1)}


def test_a_reject_is_told_to_the_inviter(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Reject(C1))
    assert ringing.news("door") == [
        p.Rejected(C1, "indoor"),
        p.Ended(C1, "indoor", Reason.REJECT, 0),
    ]


@pytest.mark.parametrize("reason", sorted(p.LEAVING))
def test_a_client_may_say_why_it_leaves(connected: Hub, reason: Reason) -> None:
    connected.do("indoor", p.Hangup(C1, reason))
    assert connected.news("door") == [
        p.Left(C1, "indoor", reason),
        p.Ended(C1, "indoor", reason, 0),
    ]


@pytest.mark.parametrize("reason", sorted(set(Reason) - p.LEAVING))
def test_but_not_what_only_the_hub_can_know(connected: Hub, reason: Reason) -> None:
    assert connected.refused("indoor", p.Hangup(C1, reason)) is Code.PROTOCOL


def test_logging_out_leaves_the_call(connected: Hub) -> None:
    connected.do("indoor", p.Bye())
    assert connected.one("door", p.Ended).reason is Reason.HANGUP
    assert connected.closed == [connected.sockets["indoor"]]
    connected.do("door", invite("indoor", C2))
    assert connected.one("door", p.NoResponse).reason == "offline"


# -- rule 10: the same user twice ------------------------------------------------------------


def test_the_newer_login_wins(connected: Hub) -> None:
    old = connected.sockets["indoor"]
    connected.login("indoor")
    assert connected.said[old] == [p.Kicked("logged in elsewhere")]
    assert connected.closed == [old]
    assert connected.news("door") == [
        p.Left(C1, "indoor", Reason.KICKED),
        p.Ended(C1, "indoor", Reason.KICKED, 0),
    ]
    assert connected.one("indoor", p.Welcome).call_id == ""
    connected.feed(hc.Received(old, invite("desk", C2)))
    connected.feed(hc.Detached(old))
    assert not connected.exchange.calls
    assert "indoor" not in connected.exchange.claims


def test_a_guessed_secret_takes_nothing_over(connected: Hub) -> None:
    connected.login("indoor", resumes="secret of \u00e4", call_id=C1)
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert connected.one("door", p.Ended).reason is Reason.KICKED


def test_a_new_process_after_a_crash_is_no_kick(connected: Hub) -> None:
    connected.lose("indoor")
    connected.login("indoor")
    assert connected.one("door", p.Ended).reason is Reason.LOST


# -- rule 12: switching ----------------------------------------------------------------------


def to(hub: Hub, user: str, kind: CallType, req: int = 5) -> None:
    hub.do(user, p.SwitchType(req, C1, kind))


@pytest.fixture
def audio(connected: Hub) -> Hub:
    """A call that was switched to audio."""
    to(connected, "door", CallType.AUDIO)
    changed = p.TypeChanged(C1, CallType.VIDEO, CallType.AUDIO)
    assert connected.news("indoor") == [changed]
    assert connected.news("door") == [p.Ok(5), changed]
    return connected


def test_switching_to_video_needs_consent(audio: Hub) -> None:
    to(audio, "door", CallType.VIDEO)
    assert audio.news("indoor") == [p.TypeAsked(C1, "door", CallType.VIDEO)]
    audio.do("door", p.SwitchAnswer(C1, allow=True))  # nobody consents for the other
    assert audio.news("door") == []
    audio.do("indoor", p.SwitchAnswer(C1, allow=True))
    changed = p.TypeChanged(C1, CallType.AUDIO, CallType.VIDEO)
    assert audio.news("door") == [p.Ok(5), changed]
    assert audio.news("indoor") == [changed]


@pytest.mark.parametrize("how", ["no", "silence", "gone"])
def test_no_consent_no_video(audio: Hub, how: str) -> None:
    to(audio, "door", CallType.VIDEO)
    match how:
        case "no":
            audio.do("indoor", p.SwitchAnswer(C1, allow=False))
        case "silence":
            audio.wait(hc.SWITCH_GRACE)
        case "gone":
            audio.do("indoor", p.Hangup(C1))
    error = audio.one("door", p.Error)
    assert (error.req, error.code) == (5, Code.SWITCH_TO_VIDEO_FAILED)
    audio.do("indoor", p.SwitchAnswer(C1, allow=True))  # too late
    assert audio.news("door") == []


def test_one_question_at_a_time(audio: Hub) -> None:
    to(audio, "door", CallType.VIDEO)
    switch = p.SwitchType(6, C1, CallType.VIDEO)
    assert audio.refused("indoor", switch) is Code.SWITCH_TO_VIDEO_FAILED


def test_the_type_that_it_is_needs_no_switch(connected: Hub) -> None:
    to(connected, "door", CallType.VIDEO)
    assert connected.news("door") == [p.Ok(5)]
    assert connected.news("indoor") == []


# -- rule 13: losing the hub -----------------------------------------------------------------


def test_a_member_comes_back_to_its_call(connected: Hub) -> None:
    connected.lose("indoor")
    connected.do("door", p.Available(C1, video=False, audio=True))
    connected.wait(LOST_GRACE - 0.1)
    connected.back("indoor", C1)
    welcome, *rest = connected.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    assert rest == [
        p.Accepted(C1, "door", video=False),
        p.PeerAvailable(C1, "door", video=False, audio=True),
        p.TypeChanged(C1, CallType.VIDEO, CallType.VIDEO),
    ]
    connected.wait(60)
    assert connected.news("door") == []
    assert C1 in connected.exchange.calls


def test_an_invitation_still_alive_is_delivered_again(ringing: Hub) -> None:
    ringing.lose("indoor")
    ringing.wait(4)
    ringing.back("indoor", C1)
    assert ringing.one("indoor", p.Invited).timeout == 26


def test_an_invitation_lost_on_the_way_is_delivered_after_all(hub: Hub) -> None:
    """The kitchen's Wi-Fi was down when the bell rang, and the hub had not noticed."""
    hub.do("door", invite("indoor"))
    hub.news("indoor")
    hub.wait(5)
    hub.back("indoor")
    assert hub.one("indoor", p.Invited).timeout == 25
    hub.do("indoor", p.Ringing(C1))
    assert hub.one("door", p.Rang).user_id == "indoor"


def test_one_that_rang_is_not_delivered_to_who_knows_nothing_of_it(ringing: Hub) -> None:
    """It was rejected, and the reject was lost."""
    ringing.back("indoor")
    assert [type(message) for message in ringing.news("indoor")] == [p.Welcome]
    assert ringing.one("door", p.Ended).reason is Reason.LOST


def test_an_inviter_that_was_away_hears_that_it_rings(hub: Hub) -> None:
    hub.do("door", invite("indoor"))
    hub.lose("door")
    hub.do("indoor", p.Ringing(C1))
    hub.back("door", C1)
    assert hub.one("door", p.Rang) == p.Rang(C1, "indoor")


def test_an_answer_given_while_the_inviter_was_away(ringing: Hub) -> None:
    ringing.lose("door")
    ringing.do("indoor", p.Accept(2, C1))
    ringing.back("door", C1)
    assert ringing.one("door", p.Accepted).user_id == "indoor"


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "not noticed"])
def test_a_call_that_ended_meanwhile_ends_for_its_reason(connected: Hub, noticed: bool) -> None:
    connected.wait(20)
    if noticed:
        connected.lose("indoor")
    connected.do("door", p.Hangup(C1))
    connected.wait(3)
    connected.back("indoor", C1)
    welcome, *rest = connected.news("indoor")
    assert isinstance(welcome, p.Welcome)
    assert welcome.call_id == C1
    assert rest == [p.Ended(C1, "door", Reason.HANGUP, 20)]
    connected.do("desk", invite("indoor", C2))
    assert connected.one("indoor", p.Invited).call_id == C2


def test_nobody_else_is_told_that_end_and_not_for_ever(connected: Hub) -> None:
    connected.lose("indoor")
    connected.do("door", p.Hangup(C1))
    secret = connected.secrets["indoor"]
    connected.login("indoor", "guessed", C1)
    assert connected.one("indoor", p.Welcome).call_id == ""
    connected.login("indoor", secret, C1)
    assert connected.one("indoor", p.Welcome).call_id == ""

    connected.do("door", invite("indoor", C2))
    connected.do("door", p.Hangup(C2))
    connected.wait(hc.MISSED_KEPT)
    connected.back("indoor", C2)
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert not connected.timers


def test_a_client_that_left_by_itself_is_taken_at_its_word(connected: Hub) -> None:
    """Its hang-up was lost on the way; it comes back and is in no call."""
    connected.lose("indoor")
    connected.back("indoor")
    assert connected.one("indoor", p.Welcome).call_id == ""
    assert connected.one("door", p.Ended).reason is Reason.LOST


# -- rule 14: dying while it rings -----------------------------------------------------------


@pytest.mark.parametrize("state", ["ringing", "connected"])
@pytest.mark.parametrize(("dead", "other"), [("door", "indoor"), ("indoor", "door")])
def test_a_party_that_dies_ends_the_call_soon(
    state: str, dead: str, other: str, request: pytest.FixtureRequest
) -> None:
    hub: Hub = request.getfixturevalue(state)
    hub.lose(dead)
    hub.wait(10 - DEAD_CALL)
    ended = hub.one(other, p.Ended)
    assert (ended.user_id, ended.reason) == (dead, Reason.LOST)
    assert not hub.exchange.claims


# -- and the rest ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (invite("door"), Code.BAD_PARAMETER),
        (invite("nobody"), Code.UNKNOWN_USER),
        (p.Accept(1, C1), Code.INVITATION_GONE),
        (p.SendText(1, C1, "x"), Code.INVITATION_GONE),
        (p.Hello((1, 1), "door", "x"), Code.PROTOCOL),
    ],
)
def test_what_is_refused_changes_nothing(hub: Hub, message: p.ClientMessage, code: Code) -> None:
    assert hub.refused("door", message) is code


def test_who_may_call_whom(hub: Hub, keys: Keys) -> None:
    users = USERS | {"door": UserConfig(may_call=("desk",))}
    hub.exchange = Exchange(Accounts(HubConfig(users=users), keys))
    hub.login("door")
    assert hub.refused("door", invite("indoor")) is Code.NOT_PERMITTED


def test_a_call_id_in_use_is_refused(connected: Hub) -> None:
    connected.login("desk")
    assert connected.refused("desk", invite("indoor", C1)) is Code.BAD_PARAMETER


def test_strangers_cannot_reach_into_a_call(connected: Hub) -> None:
    for message in (
        p.Hangup(C1),
        p.Reject(C1),
        p.Ringing(C1),
        p.Available(C1, video=False, audio=False),
        p.Signal(C1, "indoor", 0, msgspec.Raw(b"{}")),
        p.SwitchAnswer(C1, allow=True),
    ):
        connected.do("desk", message)
    for request in (
        p.Accept(1, C1),
        p.SendText(1, C1, "x"),
        p.OpenDoor(1, C1),
        p.SwitchType(1, C1, CallType.AUDIO),
    ):
        assert connected.refused("desk", request) is Code.INVITATION_GONE
    assert connected.news("door") == connected.news("indoor") == []


def test_signals_pass_while_it_rings_and_only_to_members(ringing: Hub) -> None:
    ringing.news("indoor")
    body = msgspec.Raw(b'{"kind":"offer"}')
    for user in ("indoor", "desk", "door", "nobody"):
        ringing.do("door", p.Signal(C1, user, 1, body))
    assert ringing.news("indoor") == [p.Signaled(C1, "door", 1, body)]
    assert ringing.news("desk") == []


def test_before_the_accept_nobody_sees_what_the_callee_does(ringing: Hub) -> None:
    ringing.news("door")
    ringing.do("indoor", p.Available(C1, video=False, audio=False))
    for early in (p.SendText(3, C1, "x"), p.OpenDoor(3, C1), p.SwitchType(3, C1, CallType.AUDIO)):
        assert ringing.refused("indoor", early) is Code.INVITATION_GONE
    ringing.do("indoor", p.SwitchAnswer(C1, allow=True))
    assert ringing.news("door") == []


def test_who_may_open_the_door(connected: Hub) -> None:
    assert connected.refused("door", p.OpenDoor(3, C1)) is Code.NOT_PERMITTED
    connected.do("indoor", p.OpenDoor(3, C1))
    opened = p.DoorOpened(C1, "indoor", 3.0)
    assert connected.news("door") == [opened]
    assert connected.news("indoor") == [opened, p.Ok(3)]


def test_a_text_goes_to_the_others(connected: Hub) -> None:
    connected.do("indoor", p.SendText(3, C1, "coming"))
    assert connected.news("door") == [p.Texted(C1, "indoor", "coming")]
    assert connected.news("indoor") == [p.Ok(3)]


def test_an_accept_comes_once(connected: Hub) -> None:
    assert connected.refused("indoor", p.Accept(3, C1)) is Code.INVITATION_GONE


def test_the_dead_say_nothing(hub: Hub) -> None:
    """Events of sockets that are gone, and timers of calls that are over."""
    hub.lose("desk")
    for event in (
        hc.Received(hub.sockets["desk"], invite("indoor")),
        hc.Detached(hub.sockets["desk"]),
        hc.TimerFired(("ring", C1)),
        hc.TimerFired(("lost", "door")),
        hc.TimerFired(("switch", C1)),
        hc.TimerFired(("missed", "door")),
    ):
        hub.feed(event)
    assert hub.news("indoor") == hub.news("door") == []
