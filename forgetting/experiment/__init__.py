"""The whole path in one call: recipe and reviews → result; the published table; results as files."""
