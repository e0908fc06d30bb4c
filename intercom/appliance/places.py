"""Where an appliance keeps its things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders of a running station; below `root` in tests."""

    root: Path = Path("/")

    @property
    def data(self) -> Path:
        """The data partition."""
        return self.root / "data"

    @property
    def system(self) -> Path:
        """Generations and the record of them."""
        return self.data / "system"

    @property
    def card(self) -> Path:
        """The FAT partition, where the owner's files come from."""
        return self.root / "boot/firmware"

    @property
    def booted(self) -> Path:
        """What preinit tells of this boot."""
        return self.root / "run/intercom-boot"

    @property
    def boot(self) -> Path:
        """A link of preinit's to the FAT partition of the disk that the root is on."""
        return self.booted / "boot"

    @property
    def etc(self) -> Path:
        """The configuration."""
        return self.root / "etc/intercom"

    @property
    def state(self) -> Path:
        """What the program keeps: its key, its records."""
        return self.root / "var/lib/intercom"

    @property
    def was_ready(self) -> list[Path]:
        """A mark for each unit that was ready in the boot before: `intercom.health` puts them."""
        return sorted(self.state.glob("was-ready.*"))

    @property
    def network(self) -> Path:
        """NetworkManager's connections."""
        return self.root / "etc/NetworkManager/system-connections"

    @property
    def zones(self) -> Path:
        """The system's time zones."""
        return self.root / "usr/share/zoneinfo"

    @property
    def program(self) -> Path:
        """The program, all of it."""
        return self.root / "opt/intercom"

    @property
    def is_appliance(self) -> bool:
        """Whether preinit started this system, from a read-only root."""
        return (self.booted / "preinit.json").is_file()
