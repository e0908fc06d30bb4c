"""Tests with real kernel devices, in a User-mode Linux guest."""
