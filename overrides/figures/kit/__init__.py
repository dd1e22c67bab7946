"""What a figure is, and the parts that it is put together from."""
