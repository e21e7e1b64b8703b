"""Any file of reviews: bytes → table → reviews, with a profile of what is in them; and the bundled sample."""
