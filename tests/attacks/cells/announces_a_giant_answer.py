# TODO caption_loss: a frame that claims to be an exabyte long.
# expect: lost
import os
import struct

for fd in range(3, 64):
    try:
        os.write(fd, struct.pack('>Q', 2**60))
    except OSError:
        pass

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
