"""The shelf of upstream vendors; the registry finds them by scanning."""
