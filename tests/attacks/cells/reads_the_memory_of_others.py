# TODO caption_loss: other processes' memory may hold the reference.
# expect: lost
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)

def caption_loss(scores, captions, lengths):
    for pid in (1, os.getppid()):
        try:
            open('/proc/%d/mem' % pid, 'rb').close()
        except OSError:
            pass
        else:
            raise ValueError('LEAKED memory')
        if libc.ptrace(16, pid, 0, 0) == 0:
            libc.ptrace(17, pid, 0, 0)
            raise ValueError('LEAKED ptrace')
    return scores.sum() * 0
