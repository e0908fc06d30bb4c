"""Builds the card's image: base system, program, layer, disk. `python -m config.image.recipe`."""
