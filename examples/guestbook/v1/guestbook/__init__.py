"""A small guest book: one page, a form, a database."""
