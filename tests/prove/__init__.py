"""``python -m tests.prove``: generated histories through the real engine and store; see ``__main__``."""
