"""The tests of the guest book."""
