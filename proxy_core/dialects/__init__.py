"""The shelf of wire formats; found by the registry, never imported by name."""
