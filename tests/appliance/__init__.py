"""The appliance as it boots: systemd as PID 1 in a User-mode Linux guest, faults and power cuts."""
