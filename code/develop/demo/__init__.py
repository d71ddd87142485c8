"""`make demo`: data set to live page on one machine, standard library only."""
