"""The figures of unit 5."""
