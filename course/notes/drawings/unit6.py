"""The figures of unit 6."""
