"""As a firmware in Python would: the fixture comes from the package."""

pytest_plugins = ["evcp.testing"]
