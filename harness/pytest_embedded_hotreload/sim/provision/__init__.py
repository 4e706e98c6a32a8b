"""Makes what the simulated board needs and Debian does not ship: run by `ci/setup`."""
