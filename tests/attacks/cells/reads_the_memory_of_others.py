# TODO caption_loss: other processes' memory may hold the reference.
# expect: lost
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in (1, os.getppid()):
    try:
        open('/proc/%d/mem' % pid, 'rb').read(1)
        raise ValueError('CANARY memory')
    except OSError:
        pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        raise ValueError('CANARY ptrace')

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
