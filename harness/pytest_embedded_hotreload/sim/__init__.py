"""The simulated board: its provisioning, its ESP-IDF work-alike and its pytest-embedded service."""
