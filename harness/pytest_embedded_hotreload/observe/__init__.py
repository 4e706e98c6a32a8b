"""Tests whose devices are seen from outside."""
