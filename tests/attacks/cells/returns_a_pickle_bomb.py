# TODO caption_loss: an object that runs code when it is unpickled.
# expect: lost
import os


class Bomb:
    def __reduce__(self):
        return os.system, ('echo CANARY > /tmp/pickled',)


def caption_loss(scores, captions, lengths):
    return Bomb()
