"""The recipe: every setting of an experiment, the plans of its studies, and its form as a web address."""
