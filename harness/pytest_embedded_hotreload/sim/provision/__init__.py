"""Makes what the simulated board needs and Debian does not ship.

Run by `ci/setup`, and where the package is installed by `hotreload doctor --install`.
"""
