#!/bin/sh
# Sets up a station, or a hub, on a Raspberry Pi OS or Debian (12 or 13, 64 bit) that runs already.
#
#   sudo config/image/install.sh              the program and its services, nothing configured
#   sudo config/image/install.sh door         and config/door.toml as the station's settings
#                                             (or: indoor, kiosk, hub)
#   sudo config/image/install.sh --uninstall  takes it away; settings and data stay
#   sudo config/image/install.sh --uninstall --purge   settings, data and user go too
#
# Without internet: sudo INTERCOM_CACHE=folder config/image/install.sh, with a folder that such a run
# has filled on another machine of the same kind, with internet. It holds what comes from PyPI; the
# Debian packages (layer/packages/program) must be installed already.
#
# It may be run again at any time, to repair or to bring a newer version: what is right already is
# left alone, and settings are never overwritten.
set -eu
umask 022
# Lists that are sorted here are compared with those of an earlier run, in whatever language that was.
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
program=/opt/intercom
notes=$program/.install   # what was laid down here: files, groups, packages
role='' uninstall='' purge=''

say() { echo "install: $*"; }
die() { echo "install: $*" >&2; exit 1; }

arguments() {
    for word in "$@"; do
        case $word in
        door|indoor|kiosk|hub) role=$word ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
        esac
    done
    test -z "$purge" -o -n "$uninstall" || die "--purge goes with --uninstall"
    test "$(id -u)" = 0 || die "this needs root: sudo $0 $*"
    # The recipe runs in another folder.
    test -z "${INTERCOM_CACHE:-}" || INTERCOM_CACHE=$(readlink -m "$INTERCOM_CACHE")
}

# running: whether systemd is, so that services can be started; in a chroot it is not
running() { test -d /run/systemd/system; }

# known PACKAGE: whether apt has it
known() { apt-cache show "$1" >/dev/null 2>&1; }

# wanted: the packages of the layer, and Raspberry Pi's own where its archive is known
wanted() {
    sed 's/#.*//' "$here/layer/packages/program"
    cached || echo python3-venv
    ! known python3-lgpio || echo python3-lgpio
    # libcamera only recommends libcamera-ipa, without which it drives no CSI camera.
    ! known python3-picamera2 || echo python3-picamera2 libcamera-ipa
}

packages() {
    # Without lists none of Raspberry Pi's packages would be found, and none be wanted.
    test -n "$(apt-cache search --names-only '^python3$')" || apt-get -qq update
    missing=
    for package in $(wanted); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed' ||
            missing="$missing $package"
    done
    test -n "$missing" || return 0
    say "installing packages:$missing"
    apt-get -qq update
    # shellcheck disable=SC2086  # a list
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing
    echo "$missing" | tr ' ' '\n' | sed '/^$/d' >>"$notes/packages"
}

# put_release PYTHON CACHE [--cached]
put_release() {
    python=$1 folder=$2
    shift 2
    (cd "$top" && INTERCOM_CACHE=$folder PYTHONDONTWRITEBYTECODE=1 \
        "$python" -m config.image.recipe.release "$@")
}

# cached: whether the folder that was named has all that would be fetched; pip is not needed then
cached() {
    test -n "${INTERCOM_CACHE:-}" && put_release python3 "$INTERCOM_CACHE" --cached 2>/dev/null
}

# release: the program; what fetches its packages is gone afterwards
release() {
    # Who watches a trial would go back from what is put here.
    ! running || systemctl stop intercom-confirm.service 2>/dev/null || true
    if cached; then
        put_release python3 "$INTERCOM_CACHE"
    else
        fetched
    fi
    # It is what runs now, whatever was on trial before.
    rm -f "$program/trial"
}

# fetched: the release, of packages that pip fetches; all that it unpacks goes to the card, since /tmp
# is in memory, and half of a small Pi's is less than that
fetched() {
    scratch=$(mktemp -d -p /var/tmp)
    trap 'rm -rf "$scratch"' EXIT
    export TMPDIR="$scratch"
    python3 -m venv "$scratch/venv"
    put_release "$scratch/venv/bin/python" "${INTERCOM_CACHE:-$scratch/cache}"
    unset TMPDIR
    rm -rf "$scratch"
    trap - EXIT
}

layer() {
    for group in gpio render intercom; do
        getent group "$group" >/dev/null || echo "$group" >>"$notes/groups"
    done
    : >"$notes/files.new"
    RECORD=$notes/files.new "$here/layer/apply" /
    # What an older version laid down and this one does not.
    if test -e "$notes/files"; then
        sort -u "$notes/files" >"$notes/files.old"
        sort -u "$notes/files.new" | comm -13 - "$notes/files.old" | while read -r file; do
            rm -f "$file"
        done
    fi
    sort -u "$notes/files.new" >"$notes/files"
    rm -f "$notes/files.new" "$notes/files.old"
}

settings() {
    test -n "$role" || return 0
    file=/etc/intercom/station.toml
    test "$role" != hub || file=/etc/intercom/hub.toml
    if test -e "$file"; then
        say "$file is kept"
    else
        install -D -m 640 -g intercom "$top/config/$role.toml" "$file"
        say "$file: look through it"
    fi
}

# start: the services that have settings, now and at each boot
start() {
    if running; then
        systemctl daemon-reload
        udevadm trigger --subsystem-match=gpio --subsystem-match=dma_heap || true
    fi
    for name in station hub; do
        unit=intercom.service
        test "$name" = station || unit=intercom-hub.service
        if ! test -e "/etc/intercom/$name.toml"; then
            systemctl --root=/ --quiet disable "$unit"
            continue
        fi
        systemctl --root=/ --quiet enable "$unit"
        running || continue
        # Not waited for: a station that has no hub yet is not ready until it is enrolled.
        systemctl --no-block restart "$unit"
        say "$unit is started; how it goes: systemctl status $unit, or sudo journalctl -fu $unit"
    done
}

set_up() {
    mkdir -p "$notes"
    packages
    release
    layer
    settings
    start
    say "done: $("$program/venv/bin/intercom" --version)"
}

# empty FOLDER: removes it and those above it while they are empty, and neither a package's nor,
# as /opt, in the root, nor of /usr/local, which is the administrator's
empty() {
    folder=$1
    case $folder in /usr/local*) return ;; esac
    while test "$(dirname "$folder")" != / && ! dpkg-query -S "$folder" >/dev/null 2>&1 &&
        rmdir "$folder" 2>/dev/null; do
        folder=$(dirname "$folder")
    done
}

take_away() {
    test -e "$notes/files" || die "$notes/files is not there: nothing was set up from here"
    units=$(sed -n 's|^/etc/systemd/system/\([^/]*\)$|\1|p' "$notes/files")
    for unit in $units; do
        case $unit in *@*) continue ;; esac
        ! running || systemctl stop "$unit" || true
        systemctl --root=/ --quiet disable "$unit"
    done
    while read -r file; do
        rm -f "$file"
        empty "$(dirname "$file")"
    done <"$notes/files"
    ! running || systemctl daemon-reload
    test -z "$purge" || forget
    test ! -e "$notes/packages" ||
        say "these packages were installed for it, and stay:" $(sort -u "$notes/packages")
    rm -rf "$program/releases" "$program/current" "$program/venv" "$program/trial" "$notes"
    empty "$program"
    say "taken away"
}

# forget: settings, data, user, and the groups that were made for it
forget() {
    rm -rf /etc/intercom /var/lib/intercom
    ! getent passwd intercom >/dev/null || userdel intercom
    test -e "$notes/groups" || return 0
    while read -r group; do
        ! getent group "$group" >/dev/null || groupdel "$group"
    done <"$notes/groups"
}

arguments "$@"
if test -n "$uninstall"; then take_away; else set_up; fi
