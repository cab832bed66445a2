"""Pictures of the desktop program; what the core needs ships inside it."""
