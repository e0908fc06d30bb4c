"""The card's recipe, its layer, and what comes out of them."""
