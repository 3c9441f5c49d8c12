"""The console scripts, importing lazily."""
