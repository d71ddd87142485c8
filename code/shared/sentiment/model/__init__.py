"""The classifier that serving loads, and the labels that it answers with."""
