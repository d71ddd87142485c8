"""What train, serve and stream must agree on; nothing in here knows any of the three apps."""
