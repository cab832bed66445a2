"""Trunkline's host programs: the tray, the terminal server, the command line."""
