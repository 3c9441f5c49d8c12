"""Configuration files of .NET: settings replaced by name, and transformations (XDT)."""
