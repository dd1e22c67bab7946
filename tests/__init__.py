"""What all tests share; a test of a module stands in a folder and a file of its name."""
