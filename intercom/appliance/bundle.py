"""Bundles: one release of the program in a file, signed, and read as a stream.

A gzipped tar: `manifest.json`, `manifest.sig`, then the files in the manifest's order. Nothing is
written before the signature is found good; nothing but what the manifest lists is written at all,
and nothing of it is run before the last byte was checked. The same files make the same bundle.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from intercom.appliance import keys, manifest
from intercom.appliance.manifest import BundleError, Entry, Manifest

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
_MOST = 32 << 20
_PIECE = 1 << 18
RESERVE = 32 << 20
"""Bytes that stay free on the card."""


def describe(folder: Path, version: str, arch: str, python: str) -> Manifest:
    """The manifest of a release's folder. Raises BundleError for what a bundle cannot hold."""
    return Manifest(manifest.FORMAT, version, arch, python, tuple(_entries(folder, "")))


def _entries(folder: Path, prefix: str) -> Iterator[Entry]:
    for path in sorted(folder.iterdir()):
        name = f"{prefix}{path.name}"
        mode = stat.S_IMODE(path.lstat().st_mode) & 0o777
        if path.is_symlink():
            yield Entry(name, "link", 0o777, target=str(path.readlink()))
        elif path.is_dir():
            if path.name == "__pycache__":
                continue
            yield Entry(name, "folder", mode)
            yield from _entries(path, f"{name}/")
        elif path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield Entry(name, "file", mode, path.stat().st_size, digest)
        else:
            raise BundleError(f"{path}: neither a file nor a link nor a folder")


def write(folder: Path, about: Manifest, signature: bytes, out: BinaryIO) -> None:
    """Write the bundle of a folder, with the signature of its manifest."""
    with (
        gzip.GzipFile("", "wb", 6, out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, data in ((MANIFEST, manifest.render(about)), (SIGNATURE, signature)):
            tar.addfile(_member(Entry(name, size=len(data))), io.BytesIO(data))
        for entry in about.entries:
            if entry.kind == "file":
                with (folder / entry.path).open("rb") as file:
                    tar.addfile(_member(entry), file)
            else:
                tar.addfile(_member(entry))


def _member(entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    kinds = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "folder": tarfile.DIRTYPE}
    member.type, member.mode, member.size = kinds[entry.kind], entry.mode, entry.size
    member.linkname = entry.target
    return member


class Reader:
    """A bundle as it comes. `about` is there, and can be trusted, once it was made."""

    def __init__(self, source: BinaryIO, trusted: Iterable[Ed25519PublicKey]) -> None:
        """Raises BundleError if it is none, or not signed by one of the keys."""
        with _damage():
            self._tar = tarfile.open(fileobj=source, mode="r|gz")  # noqa: SIM115 (read on below)
            text, signature = self._small(MANIFEST), self._small(SIGNATURE)
        keys.verify(trusted, signature, text)
        self.about = manifest.parse(text)

    def unpack(self, folder: Path) -> None:
        """Write everything into an empty folder. Raises BundleError with a part of it written, if
        the bundle is damaged or the card has not the room."""
        free = shutil.disk_usage(folder).free
        if self.about.size + RESERVE > free:
            need = (self.about.size + RESERVE - free) >> 20
            raise BundleError(f"the card is full: {need + 1} MiB more are needed")
        with _damage():
            for entry in self.about.entries:
                self._unpack(folder / entry.path, entry, self._next())
            if self._tar.next() is not None:
                raise BundleError("the bundle has more in it than it says")

    def _next(self) -> tarfile.TarInfo:
        member = self._tar.next()
        if member is None:
            raise BundleError("the bundle is not complete")
        return member

    def _small(self, name: str) -> bytes:
        member = self._next()
        if member.name != name or not member.isreg() or member.size > _MOST:
            raise BundleError("this is no bundle of intercom")
        file = self._tar.extractfile(member)
        assert file is not None
        return file.read()

    def _unpack(self, path: Path, entry: Entry, member: tarfile.TarInfo) -> None:
        kinds: dict[str, Callable[[], bool]] = {
            "file": member.isreg, "link": member.issym, "folder": member.isdir,
        }  # fmt: skip
        same = member.name == entry.path and kinds[entry.kind]() and member.size == entry.size
        if not same or member.linkname != entry.target:
            raise BundleError(f"the bundle has {member.name!r} where it says {entry.path!r}")
        match entry.kind:
            case "folder":
                path.mkdir(0o755)
                path.chmod(entry.mode)
            case "link":
                path.symlink_to(entry.target)
            case "file":
                self._copy(path, entry, member)

    def _copy(self, path: Path, entry: Entry, member: tarfile.TarInfo) -> None:
        source = self._tar.extractfile(member)
        assert source is not None
        digest = hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            while piece := source.read(_PIECE):
                digest.update(piece)
                file.write(piece)
            os.fchmod(file.fileno(), entry.mode)
        if digest.hexdigest() != entry.sha256:
            raise BundleError(f"the bundle is damaged: {entry.path!r} is not as it says")


@contextmanager
def _damage() -> Iterator[None]:
    """What tarfile and zlib raise of broken files is a BundleError."""
    try:
        yield
    except gzip.BadGzipFile:
        raise BundleError("this is no bundle of intercom") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BundleError(f"the bundle is damaged or incomplete: {error}") from None
