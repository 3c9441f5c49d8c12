"""Files that say what an installation should be: read with line and column, written in one spelling."""
