"""What server and agent say to each other, one module for each version."""
