# Process 1 of a guest: the station's own unit with all its sandbox, in systemd's hands, and in it
# not the station but tests.vm.picamera2.inside.opener. What it says comes into the host's folder.
# FOLDER/without names what is to be taken out of the unit, a line's beginning.
units=/run/systemd/system
mkdir -p $units/intercom.service.d /run/accounts
sed "/$(cat /host/without)/d" /repo/systemd/intercom.service >$units/intercom.service

# The tree is read-only, and knows neither the user nor the groups of a Pi.
for name in passwd group; do
    cp /etc/$name /run/accounts/
    mount --bind /run/accounts/$name /etc/$name
done
echo 'intercom:x:990:990::/var/lib/intercom:/usr/sbin/nologin' >>/run/accounts/passwd
printf 'intercom:x:990:\ngpio:x:991:\n' >>/run/accounts/group
grep -q ^render: /etc/group || echo render:x:992: >>/run/accounts/group
mount -t tmpfs tmpfs /var/lib

ln -s system /dev/dma_heap/linux,cma
# Who may open it is said by the card's own rule.
mkdir -p /run/udev/rules.d
cp /repo/config/image/layer/program/usr/lib/udev/rules.d/60-intercom.rules /run/udev/rules.d/
udevadm control --reload
udevadm trigger --action=add --subsystem-match=dma_heap
udevadm settle --timeout=20

# No console here, one run instead of a daemon, and the rest as it is.
cat >$units/intercom.service.d/test.conf <<D
[Unit]
DefaultDependencies=no
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/bin/python3 -m tests.vm.picamera2.inside.opener
WorkingDirectory=/repo
Environment=PYTHONPATH=/opt/site:/repo/tests/vm/picamera2/stubs:/repo PYTHONDONTWRITEBYTECODE=1
ConfigurationDirectory=
StandardInput=null
TTYPath=
TTYReset=no
TTYVHangup=no
TTYVTDisallocate=no
StandardOutput=truncate:/host/said
StandardError=truncate:/host/errors
D
exec /usr/lib/systemd/systemd --unit=intercom.service --log-target=console --show-status=0
