"""What pages are made of: the frame of a page, its controls and forms."""
