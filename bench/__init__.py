"""Measurements of the product beside its peers; `python -m bench` runs them."""
