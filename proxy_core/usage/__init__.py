"""What exchanges cost."""
