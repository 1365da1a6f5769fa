"""The figures of unit 3."""
