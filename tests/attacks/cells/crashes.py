# TODO caption_loss: a write to address zero.
# expect: lost
import ctypes


def caption_loss(scores, captions, lengths):
    ctypes.memset(0, 1, 1)
