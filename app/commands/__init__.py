"""The shelf of commands; found by scanning. Each module exports ``COMMANDS``."""
