"""Each noun that files can declare: what is held of it, and how a change is made, by everyone's use cases."""
