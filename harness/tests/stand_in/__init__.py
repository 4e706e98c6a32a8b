"""What takes the place of Espressif's programs where those are not: so the lanes' code is run."""
