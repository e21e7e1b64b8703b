"""Results as charts; no page is known here."""
