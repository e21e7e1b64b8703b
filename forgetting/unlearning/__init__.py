"""Unlearning: forget sets, methods, their comparison with exact retraining, and attacks."""
