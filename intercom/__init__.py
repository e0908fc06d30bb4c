"""A self-hosted video intercom: the public API.

`Calling` is loaded when it is first asked for, since the media libraries behind it take most of a
second, and the hub alone does not need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from intercom.errors import CallingError, Code, ConfigError, IntercomError, LoginError
from intercom.events import Event
from intercom.phases import State
from intercom.protocol import CallType, Reason

if TYPE_CHECKING:
    from intercom.calling import Calling

__version__ = "0.1.0"
__all__ = [
    "CallType",
    "Calling",
    "CallingError",
    "Code",
    "ConfigError",
    "Event",
    "IntercomError",
    "LoginError",
    "Reason",
    "State",
]


def __getattr__(name: str) -> Any:
    if name == "Calling":
        from intercom.calling import Calling  # noqa: PLC0415 (see above)

        return Calling
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
