"""Alembic's scripts: how the tables of one version of Fairlead become those of the next."""
