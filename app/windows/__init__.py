"""The shelf of windows: each folder exports ``WINDOWS``; tray and host find them by scanning."""
