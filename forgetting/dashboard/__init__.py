"""All of the app that needs Streamlit and is not a page: server < state < ui < studies < views."""

__all__ = ["server", "state", "studies", "ui", "views"]
