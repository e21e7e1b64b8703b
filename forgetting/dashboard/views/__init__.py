"""What the pages show, a module a subject."""
