"""A station as an appliance: its first boot, its read-only root, and its updates."""
