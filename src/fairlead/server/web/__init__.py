"""Pages for people: server-rendered, live by htmx, and readable without JavaScript."""
