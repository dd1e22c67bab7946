"""The methods: each in a folder with settings, data, loss, trainer and measures."""
