"""Ways to the network."""
