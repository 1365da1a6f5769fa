"""The figures of unit 2."""
