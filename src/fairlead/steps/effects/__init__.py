"""The effect kinds of a deployment: each looks, does and undoes one small thing."""
