"""Text in, domain out: pure readers and writers that know line and column."""
