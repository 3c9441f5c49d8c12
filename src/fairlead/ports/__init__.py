"""The seams: one short Protocol with long prose for each thing that is not ours."""
