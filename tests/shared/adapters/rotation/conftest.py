from tests.contracts.embedded import embedded

__all__ = ["embedded"]
