"""All of the app that needs Streamlit and is not a page: session, frame, cached work, controls, panels."""
