"""What the app needs of the server: headers for others to open it, downloads that last, and memory given back."""

__all__ = ["downloads", "hardened", "memory"]
