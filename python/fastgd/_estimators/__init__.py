"""What the estimators of all families share: checks of their input, the descent of a fit, and that of a stream."""
