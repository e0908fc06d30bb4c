"""Tests of the appliance: first boot, generations, updates."""
