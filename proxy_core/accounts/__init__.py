"""Who serves: accounts, their secrets, their models, their turns."""
