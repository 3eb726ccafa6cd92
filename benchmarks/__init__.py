"""Performance, as ratios of two ways measured side by side in one run. `python -m benchmarks --help`."""
