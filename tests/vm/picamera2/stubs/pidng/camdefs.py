"""Stands in for PiDNG: the one name that picamera2 imports from here."""


class Picamera2Camera:
    """Never made."""
