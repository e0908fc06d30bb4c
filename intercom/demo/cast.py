"""Who plays in the demo: where they live, how they look and what they say. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Part:
    """One station: its user, its name, whom it calls, its clip, and the voice of espeak-ng with
    which it says its words."""

    user: str
    name: str
    callee: str
    clip: str
    voice: str
    words: str


@dataclass(frozen=True)
class Cast:
    """A play's stations, the caller first; its group (empty: none); and how its cameras are set."""

    parts: tuple[Part, ...]
    group: str = ""
    quality: str = "480p"
    fps: int = 30

    @property
    def users(self) -> tuple[str, ...]:
        """The users, the caller first."""
        return tuple(part.user for part in self.parts)

    def part(self, user: str) -> Part:
        """Return a user's part."""
        return next(part for part in self.parts if part.user == user)


DOOR = Part(
    "door",
    "Front door",
    "indoor",
    "carphone",
    "en-gb",
    "Hello, it is the postman. I have a parcel for you, may I come in?",
)
KITCHEN = Part(
    "indoor",
    "Kitchen",
    "door",
    "bikes",
    "en-us",
    "Good morning. Please wait a moment, I am coming down to open the door.",
)
ANNA = Part(
    "anna",
    "Anna",
    "door",
    "carphone",
    "en-us+f3",
    "This is Anna, upstairs. Is the parcel for me? I have been waiting for it all week.",
)
GARDEN = Part(
    "garden",
    "Garden house",
    "door",
    "bikes",
    "en-gb+m7",
    "I can hear you in the garden. Leave it under the roof if nobody comes, thank you.",
)

PAIR = Cast((DOOR, KITCHEN))
"""A door calls a kitchen."""

FAMILY = Cast(
    (
        replace(DOOR, callee="group:family"),
        KITCHEN,
        ANNA,
        GARDEN,
    ),
    group="family",
    quality="360p",
    fps=15,
)
"""A door rings a family of three, who all come into the call."""
