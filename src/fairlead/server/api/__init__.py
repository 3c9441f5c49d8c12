"""The REST API: each route parses, calls one use case, and shapes the answer."""
