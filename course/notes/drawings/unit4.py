"""The figures of unit 4."""
