"""Stands in for PiDNG, which writes raw pictures; nothing here does."""
