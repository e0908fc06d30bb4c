"""What people want of a station, by whatever hand, as calls of the API."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from intercom.config import CallConfig
from intercom.phases import State
from intercom.station import dialplan
from intercom.station.asking import Asking
from intercom.station.controls import Intent
from intercom.station.desk import Desk
from intercom.station.dialing import Dialer
from intercom.station.playback import Playback
from intercom.station.ringing import Incoming
from intercom.station.words import Words

log = logging.getLogger(__name__)

PRESSED = {"hangup": Intent.HANGUP, "mute": Intent.MUTE, "nothing": None}
"""What the call button means in a call."""

SAID = frozenset({Intent.SAY_1, Intent.SAY_2, Intent.SAY_3})


@dataclass(frozen=True)
class Wishes:
    """Does what an intent asks for."""

    config: CallConfig
    desk: Desk
    words: Words
    dialer: Dialer
    incoming: Incoming
    asking: Asking
    playback: Playback

    def do(self, intent: Intent) -> None:
        """Do it, as far as it means something now."""
        log.debug("> %s", intent)
        yes_or_no = {Intent.ACCEPT: True, Intent.HANGUP: False}
        if intent in yes_or_no and self.asking.answer(yes_or_no[intent]):
            return
        if intent is Intent.QUIET:
            self.incoming.turn()
        match self.desk.calling.state:
            case State.IDLE:
                self._at_rest(intent)
            case State.CALLING if intent is Intent.HANGUP:
                self.dialer.stop()
                self.desk.attempt(self.desk.calling.hangup)
            case State.RINGING if intent is Intent.ACCEPT:
                self.desk.attempt(self.incoming.accept)
            case State.RINGING if intent is Intent.HANGUP:
                self.desk.attempt(self.desk.calling.hangup)
            case State.CONNECTED:
                meant = PRESSED[self.config.press_in_call] if intent is Intent.CALL else intent
                self._in_call(meant)

    def _at_rest(self, intent: Intent) -> None:
        match intent:
            case Intent.PLAY | Intent.ACCEPT:
                self.playback.next()
            case Intent.CALL if self.playback.shown:
                self.playback.next()
            case Intent.DELETE:
                self.playback.delete()
            case Intent.CALL:
                self.dialer.dial(dialplan.steps(self.config))
            case Intent.CALL_SECOND:
                self.playback.close()
                second = self.config.second_callee
                self.dialer.dial(dialplan.alone(second, self.config.timeout))
            case Intent.HANGUP | Intent.DISMISS:
                if not self.dialer.finish() and not self.playback.close():
                    self._dismiss()

    def _dismiss(self) -> None:
        """Take away how the last call ended, or else what was missed, but for messages."""
        facts = self.desk.facts
        shown = facts.ended is not None and time.monotonic() < facts.ended_until
        facts.ended = None
        calls = [call.call_id for call in facts.missed if not call.message]
        if calls and not shown:
            self.desk.attempt(self.desk.calling.seen, calls)
            facts.missed = tuple(call for call in facts.missed if call.message)

    def _in_call(self, intent: Intent | None) -> None:
        match intent:
            case Intent.HANGUP:
                self.desk.attempt(self.desk.calling.hangup)
            case Intent.MUTE:
                self.desk.attempt(self.desk.calling.set_mic_mute, not self.desk.calling.muted)
            case Intent.ANSWERS | Intent.BACK:
                self.desk.facts.choosing = intent is Intent.ANSWERS
            case Intent.SWITCH:
                self.asking.switch()
            case said if said in SAID:
                self.desk.facts.choosing = False
                self.desk.attempt(
                    self.desk.calling.send_text, self.words[f"answers.{said.value[4:]}"]
                )
