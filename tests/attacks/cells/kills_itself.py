# TODO caption_loss: the process dies by a signal.
# expect: lost
import os
import signal


def caption_loss(scores, captions, lengths):
    os.kill(os.getpid(), signal.SIGKILL)
