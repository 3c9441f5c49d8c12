"""The server: REST, pages, the agents' gateway, and the one place that picks real parts."""
