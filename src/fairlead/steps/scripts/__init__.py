"""What goes to the host with a script: what starts it, and the functions that it finds there."""
