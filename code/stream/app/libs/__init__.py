"""The steps of stream, one folder each: sources → spool → scoring (clean, predict) → results, and a dashboard of them."""
