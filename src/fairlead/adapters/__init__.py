"""One file for one outside thing, each behind its port."""
