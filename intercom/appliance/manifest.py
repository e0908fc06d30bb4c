"""What a bundle says of itself: for which machine it is, and each file in it. PURE.

The manifest is signed, and everything else is checked against it. Paths are those of one release
of the program, below `/opt/intercom/releases/VERSION`: `venv/...`, `systemd/...`.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from msgspec import Struct

from intercom.appliance.version import VersionError, key, newer
from intercom.errors import IntercomError

FORMAT = 1
PURPOSE = b"intercom bundle 1\n"
"""Stands before the manifest in what is signed, so that no other signature passes for it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 4096


class BundleError(IntercomError):
    """The bundle is not to be used; the words say why."""


class NotNewer(BundleError):
    """What runs here is as new, or newer."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file, link or folder: `size` in bytes, `mode` as of chmod, `target` of a link."""

    path: str
    kind: Literal["file", "link", "folder"] = "file"
    mode: int = 0o644
    size: int = 0
    sha256: str = ""
    target: str = ""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle's own description; `arch` is of uname(1), `python` its first two numbers."""

    format: int
    version: str
    arch: str
    python: str
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """The bytes of all files, each rounded up to a block, and a block for all else."""
        return sum((entry.size + 8191) // 4096 * 4096 for entry in self.entries)


class Here(Struct, frozen=True):
    """The machine that a bundle is for."""

    version: str
    arch: str
    python: str


def render(manifest: Manifest) -> bytes:
    """The text that is signed."""
    return msgspec.json.encode(manifest)


def parse(data: bytes) -> Manifest:
    """The manifest in a bundle whose signature was found good. Raises BundleError."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
        key(manifest.version)
    except (msgspec.DecodeError, UnicodeError, VersionError) as error:
        raise BundleError(f"the bundle's manifest cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise BundleError(f"the bundle is of format {manifest.format}; this program knows {FORMAT}")
    _check_paths(manifest)
    return manifest


def fits(manifest: Manifest, here: Here, force: bool) -> None:
    """Raises BundleError if it is not for this machine, or (without `force`) not newer."""
    for word, wanted, found in (
        ("processor", here.arch, manifest.arch),
        ("Python", here.python, manifest.python),
    ):
        if found != wanted:
            raise BundleError(f"the bundle is for {word} {found}, this machine has {wanted}")
    if not force and not newer(manifest.version, here.version):
        raise NotNewer(
            f"the bundle has version {manifest.version}, and {here.version} runs here already:"
            " --force installs it all the same"
        )


def _check_paths(manifest: Manifest) -> None:
    folders, seen = {""}, set[str]()
    for entry in manifest.entries:
        parent, _, name = entry.path.rpartition("/")
        bad = name in ("", ".", "..") or "\0" in entry.path or len(entry.path) > _LONGEST
        if bad or entry.path[0] == "/" or parent not in folders or entry.path in seen:
            raise BundleError(f"the bundle has a path that cannot be: {entry.path!r}")
        seen.add(entry.path)
        if entry.kind == "folder":
            folders.add(entry.path)
        wrong = entry.mode & ~0o777 or entry.size < 0
        if wrong or (entry.kind == "file") != bool(_SHA256.fullmatch(entry.sha256)):
            raise BundleError(f"the bundle says nothing sensible of {entry.path!r}")
