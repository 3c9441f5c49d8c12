"""Values of variables in structured configuration files: JSON, YAML, XML and properties."""
