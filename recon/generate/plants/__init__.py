"""What is planted in a world: every break, each with its truth, and what is normal besides."""
