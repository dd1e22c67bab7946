"""What every run shares: errors, machine, files, settings, the run's folder and its report."""
