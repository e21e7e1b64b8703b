"""What the app needs of the server: headers for others to open it, and memory given back."""

__all__ = ["hardened", "memory"]
