"""What a visitor has, and what all visitors share. Nothing here draws."""

__all__ = ["cache", "data", "engine", "models", "queue", "resources", "runs", "session", "work"]
