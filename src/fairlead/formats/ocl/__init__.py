"""Octopus's own configuration language (OCL): what `.octopus/*.ocl` is written in."""
