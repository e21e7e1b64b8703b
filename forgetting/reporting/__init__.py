"""Results as sentences, each accuracy beside its baseline."""
