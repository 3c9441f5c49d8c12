"""Where commits come from: Git through its command line."""
