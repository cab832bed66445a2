"""Brings one exchange from the client to an upstream and back."""
