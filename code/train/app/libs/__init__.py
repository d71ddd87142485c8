"""train's steps, one per file: dataset → clean → vectors → network → evaluate → publish."""
