"""Why an enrolment failed, and so whether to try it again. PURE."""

from __future__ import annotations

from intercom.errors import IntercomError


class EnrollError(IntercomError):
    """The station is not enrolled; the message says why, and what to do."""


class NotReachable(EnrollError):
    """No hub answered, or it could not at this moment: the same code may be tried again."""


class CodeRefused(EnrollError):
    """The code is none, or no more: final, a new one is needed."""


class NotTrusted(EnrollError):
    """Station and hub do not agree on the code and the certificate: final; nothing was stored."""
