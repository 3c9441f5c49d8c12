"""The world that deployments are tried in, as it is shipped."""

from fairlead.testing.deploy_world import *  # noqa: F403
