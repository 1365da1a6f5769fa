"""`python -m autograder VERB`: the command `course`, in a release the verbs that it carries."""

from pathlib import Path

if Path(__file__).with_name("cli.py").is_file():  # of this copy, whatever else is installed
    from autograder.cli import main
else:
    from autograder.student_cli import main

main()
