"""One tree of errors, one table of codes.

Codes below 100000 are those of TRTCCalling, so that a page or a backend written for it keeps
working; ours start at 100001. The message of an error names the cause and the remedy.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Every error code that crosses the API or the wire."""

    BAD_PARAMETER = 6017
    TOKEN_EXPIRED = 6206
    INVITATION_GONE = 8010
    NOT_PERMITTED = 8011
    SWITCH_TO_AUDIO_FAILED = 60001
    SWITCH_TO_VIDEO_FAILED = 60002
    NO_MICROPHONE = 60003
    NO_CAMERA = 60004
    DEVICE_REFUSED = 60005
    NO_WEBRTC = 60006
    TOKEN_MALFORMED = 70003
    TOKEN_BAD_SIGNATURE = 70009
    TOKEN_OTHER_USER = 70013
    NOT_LOGGED_IN = 100001
    ALREADY_IN_CALL = 100002
    HUB_UNREACHABLE = 100003
    PROTOCOL = 100004
    VERSION = 100005
    RATE_LIMITED = 100006
    UNKNOWN_USER = 100007
    NO_SPEAKER = 100008
    UNKNOWN_GROUP = 100010
    CALL_FULL = 100011
    NO_ROOM = 100012
    UNKNOWN_DEVICE = 100013


class IntercomError(Exception):
    """Root of everything that this package raises on purpose."""


class ConfigError(IntercomError):
    """The configuration cannot be used; the message lists every fault."""


class CallingError(IntercomError):
    """A request of the calling API failed; `code` says which way."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:
        return f"{self.args[0]} (code {int(self.code)})"

    @property
    def message(self) -> str:
        """The words alone, without the code."""
        return str(self.args[0])


class LoginError(CallingError):
    """The hub refused the login; trying again with the same token will not help."""


class ProtocolError(CallingError):
    """The other side sent what the protocol does not allow; it is to blame."""

    def __init__(self, message: str, code: Code = Code.PROTOCOL) -> None:
        super().__init__(code, message)


class IllegalEvent(IntercomError):
    """An event that the present state does not know; nothing was changed."""
