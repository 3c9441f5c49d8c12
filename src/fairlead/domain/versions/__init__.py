"""How versions of each format are read and ordered, which ranges hold them, and which comes next by a mask."""
