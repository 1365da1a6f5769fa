# TODO caption_loss: numbers without an end.
# expect: lost
import itertools


def caption_loss(scores, captions, lengths):
    return itertools.count()
