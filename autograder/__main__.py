"""`python -m autograder VERB`: the command `course`, in a release the verbs that it carries."""

import importlib.util

if importlib.util.find_spec("autograder.cli"):
    from autograder.cli import main
else:
    from autograder.student_cli import main

main()
