"""Steps clean and predict: spooled posts are cleaned, sent to serve in batches, and handed to the results store."""
