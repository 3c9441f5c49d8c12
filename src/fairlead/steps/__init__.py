"""The step kinds, one file each: from a resolved process to effects."""
