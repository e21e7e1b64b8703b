"""Reviews → split → classifier → trainer, and what the trained model makes of each word."""
