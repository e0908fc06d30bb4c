"""Runs in the guest, where picamera2 is."""
