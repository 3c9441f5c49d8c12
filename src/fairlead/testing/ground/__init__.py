"""The crash sweep on a real engine and proxy: a throw-away installation, struck, killed and looked at from outside."""
