"""The one error that a user's own input may cause.

Everything that a person can mend raises `CourseError` with one sentence that says what is wrong,
where, and what to do. The command line prints the sentence and ends with exit code 2.
"""


class CourseError(Exception):
    """A mistake in what a user gave, in one sentence: what, where, what to do."""
