"""Stands in for PiDNG: the one name that picamera2 imports from here."""


class PICAM2DNG:
    """Never made."""
