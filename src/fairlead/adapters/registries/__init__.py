"""Registries of images: one given by its address, or one of our own."""
