"""What a release is, and how it is published, fetched, promoted and rolled back."""
