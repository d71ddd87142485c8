"""serve as a Hugging Face Space: a folder with everything that a Space builds from, and its publication."""
