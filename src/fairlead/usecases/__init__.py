"""What a person may do: one file a noun, one function a verb."""
