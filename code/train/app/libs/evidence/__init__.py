"""What a release shows for itself: measures with intervals, slices, sentences that must hold, a peer, plots, a report."""
