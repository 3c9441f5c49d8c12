"""The tables, one file a noun, and the ports that they implement."""
