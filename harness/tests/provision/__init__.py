"""Tests of the provisioning and of what it makes."""
