#!/bin/sh
# The first process of a guest whose root is the host's own tree, read-only: mounts what a system
# has, runs the tests that FOLDER/run names, leaves their exit code in FOLDER/code and powers off.
# FOLDER of the host comes as an argument of the kernel: intercom_folder=...
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t configfs configfs /sys/kernel/config
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir /run/host
mount -t hostfs -o "$intercom_folder" none /run/host
mount -t tmpfs tmpfs /tmp
ip link set lo up
hostname guest
sh /run/host/run >/run/host/output 2>&1
echo $? >/run/host/code
# RB_POWER_OFF of reboot(2); its program comes with an init, which may not be there.
exec python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
