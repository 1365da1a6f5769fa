# TODO caption_loss: the worker's own functions report success.
# expect: lost
import sys

main = sys.modules['__main__']
from autograder.running import Outcome

for name in ('run_check', 'forbidden_calls'):
    setattr(main, name, lambda *a, **k: Outcome('returned', value=0.0))

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
