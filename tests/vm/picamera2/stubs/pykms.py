"""Stands in for pykms, which shows previews on a screen; nothing here does."""


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        return name


class PixelFormat(metaclass=_Names):
    """Has every format."""
