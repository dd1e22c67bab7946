"""Tests of `labs_py.core`: a module's test has the module's name."""
