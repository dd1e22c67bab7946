"""Tests of `training`: a folder for each room, a file of a module's or a method's name."""
