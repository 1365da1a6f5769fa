"""The figures of the notes, a file for each unit; `figures.py` beside this folder draws them."""
