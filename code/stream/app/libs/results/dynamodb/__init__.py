"""Results in DynamoDB."""
