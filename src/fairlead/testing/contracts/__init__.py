"""Contract suites: what each adapter and each fake of a port must do."""
