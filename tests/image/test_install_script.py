"""What install.sh decides by itself: its functions, run alone on folders of the tests."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from config.image.recipe import release, wheels
from config.image.recipe.release import Target

SCRIPT = (wheels.REPOSITORY / "config/image/install.sh").read_text()


def functions(*names: str) -> str:
    """The text of these functions of the script."""
    found = re.findall(rf"^(?:{'|'.join(names)})\(\) \{{\n.*?^\}}$", SCRIPT, re.M | re.S)
    assert len(found) == len(names)
    return "\n".join(found)


def run(given: str, **environment: str) -> str:
    """What a shell says that runs this as the script would."""
    settings = SCRIPT[SCRIPT.index("set -eu\n") : SCRIPT.index("\nhere=")]
    done = subprocess.run(["sh", "-c", f"{settings}\n{given}"], capture_output=True, text=True,
                          check=False, env={"PATH": "/usr/bin:/bin", **environment})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("kit", ["", "/kit", "/empty"])
def test_what_it_unpacks_is_not_in_memory_and_goes_again(tmp_path: Path, kit: str) -> None:
    given = f"""
program={tmp_path} INTERCOM_CACHE={kit}
running() {{ false; }}
cached() {{ test "$INTERCOM_CACHE" = /kit; }}
python3() {{ test -d "$TMPDIR" && echo "venv $TMPDIR $3"; }}
put_release() {{ echo "put ${{TMPDIR:-none}} $1 $2"; }}
{functions("release", "fetched")}
release
echo "left ${{TMPDIR:-none}}"
"""
    (tmp_path / "trial").touch()
    said = run(given, TMPDIR="/tmp") if kit == "/kit" else run(given)
    assert not (tmp_path / "trial").exists()
    words = said.split()
    if kit == "/kit":
        assert words == ["put", "/tmp", "python3", "/kit", "left", "/tmp"], "no pip is needed"
        return
    folder = Path(words[1])
    assert folder.parent == Path("/var/tmp")
    venv = f"{folder}/venv"
    assert words[:3] == ["venv", str(folder), venv]
    put = ["put", str(folder), f"{venv}/bin/python", kit or f"{folder}/cache"]
    assert words[3:] == [*put, "left", "none"]
    assert not folder.exists()


def test_the_folder_that_is_named_is_the_callers(tmp_path: Path) -> None:
    given = f"""
cd {tmp_path}
role= uninstall= purge= INTERCOM_CACHE=kit
id() {{ echo 0; }}
{functions("arguments")}
arguments door
echo "$INTERCOM_CACHE $role"
"""
    assert run(given) == f"{tmp_path}/kit door\n"


def test_python3_venv_is_wanted_where_something_is_to_be_fetched(tmp_path: Path) -> None:
    listed = tmp_path / "layer/packages/program"
    listed.parent.mkdir(parents=True)
    listed.write_text("# a list\npython3\n")
    given = f"""
here={tmp_path}
known() {{ false; }}
{functions("wanted")}
cached() {{ false; }}
wanted
cached() {{ true; }}
wanted
"""
    assert run(given).split() == ["python3", "python3-venv", "python3"]


def test_a_cache_is_full_with_both_kinds_of_wheels(tmp_path: Path) -> None:
    target = Target("arm64", "3.13")
    for made in (wheels.own_folder(tmp_path, target.epoch),
                 wheels.site_folder(tmp_path, target.arch, target.python)):  # fmt: skip
        assert not release.is_cached(tmp_path, target)
        made.mkdir()
    assert release.is_cached(tmp_path, target)
    assert not release.is_cached(tmp_path, Target("arm64", "3.11"))


# As `sort` leaves them in the C locale, and in en_GB or de_DE.
ORDERS = [
    ["intercom-hub.service", "intercom.service", "intercom@x.service"],
    ["intercom@x.service", "intercom-hub.service", "intercom.service"],
    ["intercom.service", "intercom-hub.service", "intercom@x.service"],
]


@pytest.mark.parametrize("names", ORDERS)
def test_a_list_in_another_languages_order_costs_no_file(tmp_path: Path, names: list[str]) -> None:
    units = [tmp_path / "units" / name for name in ("a-old.service", *names)]
    (tmp_path / "units").mkdir()
    for unit in units:
        unit.touch()
    kept = units[1:]
    (tmp_path / "files").write_text("".join(f"{unit}\n" for unit in [*kept, units[0]]))
    apply = tmp_path / "layer/apply"
    apply.parent.mkdir()
    apply.write_text("#!/bin/sh\n" + "".join(f'echo {unit} >>"$RECORD"\n' for unit in kept))
    apply.chmod(0o755)
    given = f"here={tmp_path} notes={tmp_path}\n{functions('layer')}\nlayer\n"
    run(given, LC_ALL="en_GB.UTF-8", LANG="en_GB.UTF-8")
    assert sorted((tmp_path / "units").iterdir()) == sorted(kept), "only what is no more"
    assert (tmp_path / "files").read_text().splitlines() == sorted(map(str, kept))
    assert [path.name for path in tmp_path.glob("files.*")] == []


def test_a_start_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "station.toml").touch()
    given = f"""
running() {{ true; }}
say() {{ echo "$*"; }}
udevadm() {{ :; }}
systemctl() {{ echo "systemctl $*"; }}
{functions("start").replace("/etc/intercom", str(tmp_path))}
start
"""
    said = run(given).splitlines()
    assert "systemctl --no-block restart intercom.service" in said, "it may wait to be enrolled"
    assert not [line for line in said if "restart" in line and "--no-block" not in line]
    assert "systemctl --root=/ --quiet disable intercom-hub.service" in said, "it has no settings"
