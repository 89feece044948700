"""What all tests share: the fixtures of real servers, and how Hypothesis runs.

The machine is shared, so an example has no deadline of its own.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("ringplan", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ringplan")

pytest_plugins = ("tests.servers",)
