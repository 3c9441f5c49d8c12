"""Words and rules of Fairlead: pure, without I/O, clock or dice."""
