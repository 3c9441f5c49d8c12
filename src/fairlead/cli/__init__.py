"""The command line: a customer of the REST API."""
