"""Studies of many randomized models: sweeps, dose–response, robustness of layers, relearning and savings."""
