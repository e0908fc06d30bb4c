"""Enrolment: by one code a station and a hub come to trust each other; then a key logs in."""
