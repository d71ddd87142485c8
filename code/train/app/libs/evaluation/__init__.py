"""Step evaluate: measures with intervals on held-out rows, slices, must-hold sentences, and a linear peer."""
