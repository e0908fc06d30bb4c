"""What a Pi 4 and a Pi 5 show in /sys, /proc and /etc, written from the kernel's documentation.

No device was copied: the files' names and forms are those of Documentation/ABI (sysfs-block-*,
sysfs-fs-ext4), Documentation/driver-api/mmc, drivers/firmware/raspberrypi.c of raspberrypi/linux,
proc(5), os-release(5), and of the wireless extensions; the values are likely ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
intercom:x:996:996::/var/lib/intercom:/usr/sbin/nologin
"""
GROUP = """\
root:x:0:
audio:x:29:intercom
video:x:44:intercom
render:x:105:intercom
input:x:106:intercom
gpio:x:986:intercom
intercom:x:996:
"""
STATUS = """\
Package: libcamera0.5
Status: install ok installed
Priority: optional
Section: libs
Version: 0.5.2+rpt20250903-1

Package: libcamera-ipa
Status: install ok installed
Version: 0.5.2+rpt20250903-1
"""
MOUNTS = """\
/dev/mmcblk0p2 / ext4 rw,noatime 0 0
/dev/mmcblk0p1 /boot/firmware vfat ro,relatime 0 0
/dev/mmcblk0p3 /data ext4 rw,noatime,commit=5,errors=remount-ro 0 0
"""
WIRELESS = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0     23        0
"""
ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
"""
TOUCH = """\
I: Bus=0018 Vendor=0000 Product=0000 Version=0000
N: Name="10-0038 generic ft5x06 (79)"
P: Phys=
H: Handlers=mouse0 event2
B: PROP=2
B: EV=b
B: KEY=400 0 0 0 0 0
B: ABS=260800000000003

I: Bus=0003 Vendor=046d Product=c31c Version=0110
N: Name="Logitech USB Keyboard"
H: Handlers=sysrq kbd event0
B: PROP=0
B: EV=120013
B: KEY=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe

I: Bus=0003 Vendor=05ac Product=0265 Version=0110
N: Name="A touchpad"
H: Handlers=mouse1 event3
B: PROP=5
B: KEY=e520 10000 0 0 0 0
B: ABS=273800000000003
"""

SD_CARD = {
    "sys/block/mmcblk0/size": "62333952\n",
    "sys/block/mmcblk0/device/type": "SD\n",
    "sys/block/mmcblk0/device/name": "SN32G\n",
    "sys/block/mmcblk0/device/manfid": "0x000003\n",
    "sys/block/mmcblk0/device/oemid": "0x5344\n",
    "sys/block/mmcblk0/device/date": "08/2024\n",
}
EMMC = {
    "sys/block/mmcblk0/size": "61071360\n",
    "sys/block/mmcblk0/device/type": "MMC\n",
    "sys/block/mmcblk0/device/name": "BJTD4R\n",
    "sys/block/mmcblk0/device/manfid": "0x000015\n",
    "sys/block/mmcblk0/device/date": "03/2023\n",
    "sys/block/mmcblk0/device/life_time": "0x01 0x02\n",
    "sys/block/mmcblk0/device/pre_eol_info": "0x01\n",
    "sys/block/mmcblk0boot0/size": "8192\n",
}
EXT4 = {
    "sys/fs/ext4/features/lazy_itable_init": "supported\n",
    "sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes": "3145728\n",
    "sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
    "sys/fs/ext4/mmcblk0p3/lifetime_write_kbytes": "20971520\n",
    "sys/fs/ext4/mmcblk0p3/errors_count": "0\n",
}
COMMON = {
    "etc/passwd": PASSWD,
    "etc/group": GROUP,
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
    "var/lib/dpkg/status": STATUS,
    "proc/mounts": MOUNTS,
    "proc/net/route": ROUTE,
    "proc/bus/input/devices": TOUCH,
    "proc/sys/kernel/osrelease": "6.12.47+rpt-rpi-v8\n",
    "sys/class/net/lo/operstate": "unknown\n",
    "sys/class/net/eth0/operstate": "up\n",
    "sys/class/net/eth0/carrier": "1\n",
    "sys/class/net/eth0/speed": "1000\n",
    "sys/class/net/eth0/statistics/rx_errors": "0\n",
    "sys/class/net/wlan0/operstate": "down\n",
    "sys/class/net/wlan0/phy80211/name": "phy0\n",
    "run/systemd/timesync/synchronized": "",
}
PI4: Mapping[str, str] = {
    **COMMON,
    **SD_CARD,
    **EXT4,
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48686\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
}
PI5: Mapping[str, str] = {
    **COMMON,
    **EMMC,
    **EXT4,
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "61700\n",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "50005\n",
    "sys/class/rtc/rtc0/name": "rpi-rtc soc@107c000000:firmware:rpi_rtc\n",
}


def plant(folder: Path, tree: Mapping[str, str], **changes: str | None) -> Path:
    """Write the files; in `changes` a path has __ for /, None takes the file away."""
    whole: dict[str, str | None] = {**tree}
    whole.update({name.replace("__", "/"): text for name, text in changes.items()})
    for name, text in whole.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return folder
