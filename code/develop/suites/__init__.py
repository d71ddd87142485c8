"""`make test`: every check and every suite, two at a time, closed by one line that counts them all."""
