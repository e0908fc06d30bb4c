"""Tests that run in a guest, beside its kernel's devices."""
