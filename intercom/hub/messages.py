"""Visitors' messages: a folder each with sound and picture, there whole or not at all.

The law: a folder gets its name once all in it is safe on the disk, and loses it before anything in
it is deleted. So whatever kills the hub leaves whole messages, and folders without a name of ours,
which the next start removes. What a bad card has damaged is put aside while its sound is whole.
"""

from __future__ import annotations

import errno
import logging
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from intercom import files
from intercom.errors import Code, IntercomError
from intercom.hub.records_ledger import DAY
from intercom.hub.records_schema import NO_CLOCK
from intercom.protocol import MESSAGE_PARTS

log = logging.getLogger(__name__)

FOLDER = "messages"
"""Its name in the state directory."""
ABOUT = "about.json"
DAMAGED = "damaged-"
"""What the name of a folder begins with that nobody can be given, but its sound can be heard."""
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{22}")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class MessageError(IntercomError):
    """A message cannot be had, or be left; `status` is HTTP's, the words are for who asked."""

    def __init__(self, status: int, code: Code, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class About(msgspec.Struct, frozen=True):
    """What is written beside a message. `number` counts them, `at` is in unix seconds, `readers`
    are those that it is for and who have not deleted it."""

    number: int
    sponsor: str
    calls: tuple[str, ...]
    readers: tuple[str, ...]
    at: float


@dataclass(frozen=True)
class _Kept:
    about: About
    size: int


class Messages:
    """The messages in `folder`. Methods may be called from any thread; those that write block.

    Of all of them, at most `megabytes` are kept, and each for `days`.
    """

    def __init__(
        self, folder: Path, megabytes: int, days: float, wall: Callable[[], float]
    ) -> None:
        self._folder = folder / FOLDER
        self._most = megabytes * 1_000_000
        self._days = days
        self._wall = wall
        self._writing = threading.Lock()
        self._kept: dict[str, _Kept] = {}  # oldest first; replaced, never changed: read unlocked

    def start(self) -> None:
        """Find what there is, and clear away what a killed hub left half done; raises OSError."""
        with self._writing:
            if self._folder.exists():
                found = {it.name: kept for it in self._folder.iterdir() if (kept := self._look(it))}
                order = sorted(found, key=lambda name: found[name].about.number)
                self._kept = {name: found[name] for name in order}
                self._shrink(0)

    def is_for(self, message_id: str, user_id: str) -> bool:
        """Tell whether it is there, and the user may have it."""
        kept = self._kept.get(message_id)
        return kept is not None and user_id in kept.about.readers

    def put(
        self,
        sponsor: str,
        calls: Collection[str],
        readers: Collection[str],
        parts: dict[str, bytes],
    ) -> str:
        """Keep a message; return its ID once it is safe. `parts`: by the names of MESSAGE_PARTS.

        Raises MessageError when it cannot be kept; then nothing of it is left.
        """
        size = sum(map(len, parts.values()))
        if not self._most or size > self._most:
            raise MessageError(
                507, Code.NO_ROOM, "this hub has no room for messages: see [hub] messages_mb"
            )
        message_id = secrets.token_urlsafe(16)
        with self._writing:
            number = max((kept.about.number for kept in self._kept.values()), default=0) + 1
            about = About(number, sponsor, tuple(calls), tuple(readers), self._wall())
            try:
                self._write(message_id, about, parts)
            except OSError as error:
                raise _refusal(error) from None
            self._shrink(size)
            self._kept = {**self._kept, message_id: _Kept(about, size)}
        return message_id

    def find(self, message_id: str, user_id: str, part: str) -> Path:
        """Return where a part of a message is; raises MessageError unless the user may have it."""
        self._must_be_for(message_id, user_id)
        path = self._folder / message_id / part
        if not path.is_file():
            raise MessageError(404, Code.INVITATION_GONE, f"the message has no {part}")
        return path

    def delete(self, message_id: str, user_id: str) -> None:
        """Take it from the user; with the last one who has it, it is gone. Raises MessageError."""
        with self._writing:
            kept = self._must_be_for(message_id, user_id)
            readers = tuple(reader for reader in kept.about.readers if reader != user_id)
            try:
                if not readers:
                    self._drop(message_id)
                    return
                about = msgspec.structs.replace(kept.about, readers=readers)
                new = self._folder / message_id / f".{ABOUT}"
                new.unlink(missing_ok=True)
                files.create(new, msgspec.json.encode(about), 0o600)
                new.rename(new.with_name(ABOUT))
                files.sync_folder(new.parent)
            except OSError as error:
                raise _refusal(error) from None
            self._kept = {**self._kept, message_id: _Kept(about, kept.size)}

    def prune(self, cautious: bool) -> None:
        """Delete what is too old; raises OSError.

        `cautious`: not if that were all of them, which is rather a sign of a wrong clock. What was
        left before the clock was set goes with the next one that has a date.
        """
        now = self._wall()
        if now < NO_CLOCK:
            return
        with self._writing:
            dated = [kept.about for kept in self._kept.values() if kept.about.at >= NO_CLOCK]
            past = [about.number for about in dated if about.at < now - self._days * DAY]
            if not past or (cautious and len(past) == len(dated)):
                return
            for name, kept in list(self._kept.items()):
                about = kept.about
                if about.number in past or (about.at < NO_CLOCK and about.number < max(past)):
                    self._drop(name)
            log.info("visitors' messages from before %g days are deleted", self._days)

    # -- inside, with the lock ---------------------------------------------------------------

    def _must_be_for(self, message_id: str, user_id: str) -> _Kept:
        kept = self._kept.get(message_id)
        if kept is None:
            raise MessageError(404, Code.INVITATION_GONE, "there is no such message (any more)")
        if user_id not in kept.about.readers:
            raise MessageError(
                403, Code.NOT_PERMITTED, f'the message is not for "{user_id}", or was deleted by it'
            )
        return kept

    def _write(self, message_id: str, about: About, parts: dict[str, bytes]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._folder / f".{message_id}"
        new.mkdir(mode=0o700)
        try:
            for name, data in {**parts, ABOUT: msgspec.json.encode(about)}.items():
                files.create(new / name, data, 0o600)
            files.sync_folder(new)
            new.rename(self._folder / message_id)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise
        files.sync_folder(self._folder)

    def _look(self, folder: Path) -> _Kept | None:
        """Return what is known of a folder; None for one that is not a message (any more)."""
        if folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
            return None
        if folder.name.startswith(DAMAGED):
            self._forget_damaged(folder)
        if not MESSAGE_ID.fullmatch(folder.name):
            return None
        (folder / f".{ABOUT}").unlink(missing_ok=True)
        try:
            about = msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
            _put_aside(folder, error)
            return None
        parts = (folder / name for name in MESSAGE_PARTS)
        return _Kept(about, sum(part.stat().st_size for part in parts if part.exists()))

    def _forget_damaged(self, folder: Path) -> None:
        """Delete what was put aside, in its time."""
        now = self._wall()
        past = now >= NO_CLOCK and folder.stat().st_mtime < now - self._days * DAY
        if past or not self._most:
            shutil.rmtree(folder, ignore_errors=True)

    def _shrink(self, room: int) -> None:
        """Delete the oldest until `room` bytes more go in."""
        while self._kept and sum(kept.size for kept in self._kept.values()) + room > self._most:
            oldest = next(iter(self._kept))
            log.warning("the visitor's message %s is deleted for newer ones", oldest)
            self._drop(oldest)

    def _drop(self, message_id: str) -> None:
        gone = self._folder / f".{message_id}"
        (self._folder / message_id).rename(gone)
        self._kept = {name: kept for name, kept in self._kept.items() if name != message_id}
        shutil.rmtree(gone, ignore_errors=True)


def _put_aside(folder: Path, why: Exception) -> None:
    """Take a damaged folder from the messages; its sound, if it is whole, somebody may want."""
    if not _is_whole(folder / "sound.wav"):
        log.warning("the visitor's message in %s is damaged and removed: %s", folder, why)
        shutil.rmtree(folder, ignore_errors=True)
        return
    aside = folder.with_name(DAMAGED + folder.name)
    folder.rename(aside)
    log.warning("the visitor's message in %s is damaged, but its sound is whole: %s", aside, why)


def _is_whole(sound: Path) -> bool:
    """Tell whether there is a WAV file as long as its RIFF header says."""
    try:
        with sound.open("rb") as file:
            head = file.read(12)
        length = sound.stat().st_size
    except OSError:
        return False
    riff = head[:4] == b"RIFF" and head[8:] == b"WAVE"
    return riff and int.from_bytes(head[4:8], "little") + 8 == length


def _refusal(error: OSError) -> MessageError:
    if error.errno in _FULL:
        return MessageError(507, Code.NO_ROOM, "the hub's disk is full: make room there")
    return MessageError(
        507, Code.NO_ROOM, f"the hub cannot write messages ({error.strerror}): see its state_dir"
    )
