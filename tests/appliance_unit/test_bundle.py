"""Bundles: what goes in comes out; what was tampered with, cut off or not meant for us does not."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intercom.appliance import bundle, keys, manifest
from intercom.appliance.bundle import Reader
from intercom.appliance.disk import Disk
from intercom.appliance.manifest import BundleError, Entry, Here, Manifest, fits
from intercom.appliance.version import VersionError, newer

HERE = Here("0.1.0", "aarch64", "3.13")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    (folder / "venv/bin").mkdir(parents=True)
    (folder / "venv/bin/intercom").write_text("#!/bin/sh\n")
    (folder / "venv/bin/intercom").chmod(0o755)
    (folder / "venv/bin/python").symlink_to("/usr/bin/python3")
    (folder / "venv/big").write_bytes(bytes(range(256)) * 2000)
    (folder / "venv/empty").touch()
    (folder / "venv/__pycache__").mkdir()
    (folder / "Ünï – name").write_text("x")
    return folder


@pytest.fixture
def private(tmp_path: Path) -> Path:
    keys.new_key(tmp_path / "key.pem", Disk())
    return tmp_path / "key.pem"


@pytest.fixture
def trust(tmp_path: Path, private: Path) -> list[Ed25519PublicKey]:
    """The key of these tests, and another one before it."""
    other = keys.new_key(tmp_path / "other.pem", Disk())
    done = subprocess.run(
        ["openssl", "pkey", "-in", private, "-pubout"], capture_output=True, check=True
    )
    public = tmp_path / "update.pub"
    public.write_bytes(other + done.stdout)
    return keys.trusted([public, tmp_path / "missing.pub"])


def made(folder: Path, key: Path, about: Manifest | None = None) -> bytes:
    about = about or bundle.describe(folder, "0.2.0", "aarch64", "3.13")
    out = io.BytesIO()
    bundle.write(folder, about, keys.sign(key, manifest.render(about)), out)
    return out.getvalue()


def unpacked(data: bytes, trust: list[Ed25519PublicKey], folder: Path) -> Manifest:
    reader = Reader(io.BytesIO(data), trust)
    folder.mkdir()
    reader.unpack(folder)
    return reader.about


def test_what_goes_in_comes_out(
    release: Path, private: Path, trust: list[Ed25519PublicKey], tmp_path: Path
) -> None:
    data = made(release, private)
    about = unpacked(data, trust, tmp_path / "out")
    assert bundle.describe(tmp_path / "out", "0.2.0", "aarch64", "3.13") == about
    assert (tmp_path / "out/venv/bin/intercom").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/venv/big").read_bytes() == (release / "venv/big").read_bytes()
    assert not (tmp_path / "out/venv/__pycache__").exists()
    assert made(release, private) == data, "the same files make the same bundle"
    listed = subprocess.run(["tar", "tzf", "-"], input=data, capture_output=True, check=True)
    assert listed.stdout.startswith(b"manifest.json\nmanifest.sig\n")


def test_the_private_key_is_private(private: Path) -> None:
    assert private.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        keys.new_key(private, Disk())


def test_any_cut_is_noticed(
    release: Path, private: Path, trust: list[Ed25519PublicKey], tmp_path: Path
) -> None:
    data = made(release, private)
    noticed = 0
    for number, length in enumerate(range(0, len(data), len(data) // 60)):
        out = tmp_path / str(number)
        try:
            about = unpacked(data[:length], trust, out)
        except BundleError:
            noticed += 1
        else:  # only the end marks of tar and gzip are missing
            assert bundle.describe(out, "0.2.0", "aarch64", "3.13") == about
    assert noticed >= 58


def test_any_changed_byte_is_noticed(
    release: Path, private: Path, trust: list[Ed25519PublicKey], tmp_path: Path
) -> None:
    plain = gzip.decompress(made(release, private))
    noticed = 0
    for number, place in enumerate(range(0, len(plain), len(plain) // 200)):
        changed = plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :]
        out = tmp_path / str(number)
        try:
            unpacked(gzip.compress(changed, 1), trust, out)
        except BundleError:
            noticed += 1
        else:  # padding of the tar, or what it says of owners and times, which nobody reads
            assert (
                bundle.describe(out, "0.2.0", "aarch64", "3.13").entries
                == bundle.describe(release, "0.2.0", "aarch64", "3.13").entries
            )
    assert noticed > 150


def test_another_key_is_not_trusted(release: Path, private: Path, tmp_path: Path) -> None:
    stranger = keys.trusted(
        [_written(tmp_path / "x.pub", keys.new_key(tmp_path / "x.pem", Disk()))]
    )
    for trust in (stranger, []):
        with pytest.raises(BundleError, match="not signed by anybody"):
            Reader(io.BytesIO(made(release, private)), trust)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_signature_for_something_else_does_not_pass(
    release: Path, private: Path, trust: list[Ed25519PublicKey]
) -> None:
    about = bundle.describe(release, "0.2.0", "aarch64", "3.13")
    other = keys.sign(
        private, manifest.render(bundle.describe(release, "0.3.0", "aarch64", "3.13"))
    )
    out = io.BytesIO()
    bundle.write(release, about, other, out)
    with pytest.raises(BundleError, match="not signed"):
        Reader(io.BytesIO(out.getvalue()), trust)


def swap(tar: tarfile.TarFile, changed: str, changes: Mapping[str, object]) -> bytes:
    """The same tar with one member changed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as new:
        for member in tar:
            data = tar.extractfile(member) if member.isreg() else None
            if member.name == changed:
                for key, value in changes.items():
                    setattr(member, key, value)
            new.addfile(member, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../../etc/passwd"},
        {"name": "/etc/passwd"},
        {"name": "venv/other"},
        {"type": tarfile.DIRTYPE, "size": 0},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0},
        {"type": tarfile.LNKTYPE, "linkname": "venv/empty"},
    ],
)
def test_a_file_that_is_another_one_is_refused(
    release: Path,
    private: Path,
    trust: list[Ed25519PublicKey],
    tmp_path: Path,
    changes: dict[str, object],
) -> None:
    with tarfile.open(fileobj=io.BytesIO(made(release, private)), mode="r:gz") as tar:
        data = swap(tar, "venv/big", changes)
    with pytest.raises(BundleError):
        unpacked(data, trust, tmp_path / "out")
    assert not (tmp_path / "etc").exists()


FILE = "0" * 64


@pytest.mark.parametrize(
    "paths",
    [["../x"], ["/x"], ["a/b"], [""], ["."], ["a/"], ["a", "a"], ["a\0b"], ["x" * 5000]],
)
def test_a_manifest_with_bad_paths_is_refused(paths: list[str]) -> None:
    about = Manifest(1, "1.0", "x", "3", tuple(Entry(path, sha256=FILE) for path in paths))
    with pytest.raises(BundleError, match="cannot be"):
        manifest.parse(manifest.render(about))


def test_nothing_is_below_a_link() -> None:
    entries = (Entry("a", "link", target="/etc"), Entry("a/passwd", sha256=FILE))
    with pytest.raises(BundleError):
        manifest.parse(manifest.render(Manifest(1, "1.0", "x", "3", entries)))


@pytest.mark.parametrize(
    "entry",
    [
        Entry("a", mode=0o4755, sha256=FILE),
        Entry("a"),
        Entry("a", "folder", sha256=FILE),
        Entry("a", size=-1, sha256=FILE),
    ],
)
def test_no_setuid_and_no_nonsense(entry: Entry) -> None:
    with pytest.raises(BundleError, match="sensible"):
        manifest.parse(manifest.render(Manifest(1, "1.0", "x", "3", (entry,))))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=500))
def test_any_bytes_are_no_bundle(trust: list[Ed25519PublicKey], data: bytes) -> None:
    for source in (data, gzip.compress(data)):
        with pytest.raises(BundleError):
            Reader(io.BytesIO(source), trust)
    with pytest.raises(BundleError):
        manifest.parse(data)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda about: Manifest(1, "0.2.0", "x86_64", "3.13", ()), "processor x86_64"),
        (lambda about: Manifest(1, "0.2.0", "aarch64", "3.11", ()), "Python 3.11"),
        (lambda about: Manifest(1, "0.1.0", "aarch64", "3.13", ()), "runs here already"),
        (lambda about: Manifest(1, "0.1.0rc1", "aarch64", "3.13", ()), "runs here already"),
    ],
)
def test_what_is_not_for_this_machine_is_refused(
    change: Callable[[object], Manifest], word: str
) -> None:
    with pytest.raises(BundleError, match=word):
        fits(change(None), HERE, force=False)


def test_force_goes_back_but_not_to_another_machine() -> None:
    fits(Manifest(1, "0.0.9", "aarch64", "3.13", ()), HERE, force=True)
    with pytest.raises(BundleError):
        fits(Manifest(1, "0.0.9", "x86_64", "3.13", ()), HERE, force=True)


def test_a_full_card_is_told_before_anything_is_written(
    release: Path,
    private: Path,
    trust: list[Ed25519PublicKey],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle, "RESERVE", 1 << 60)
    with pytest.raises(BundleError, match="the card is full"):
        unpacked(made(release, private), trust, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_versions_are_in_order() -> None:
    order = [
        "0.1.dev1",
        "0.1a1",
        "0.1rc2",
        "0.1",
        "0.1.post1",
        "0.1.1",
        "0.2.dev3",
        "0.2",
        "0.10",
        "1.0",
    ]
    for low, high in pairwise(order):
        assert newer(high, low), (low, high)
        assert not newer(low, high)
    assert not newer("0.1.0", "0.1")
    for wrong in ("", "1.x", "v1", "1..2", "1.0-beta", "1" * 40):
        with pytest.raises(VersionError):
            newer(wrong, "1")
