"""Tables and prices to money."""
