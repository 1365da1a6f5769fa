# TODO caption_loss: a process of its own session outlives the check.
# expect: lost
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (1, 2, 3, 15):
            signal.signal(number, signal.SIG_IGN)
        end = time.time() + 120
        while time.time() < end:
            open('/tmp/still-here', 'w').write('x')
            time.sleep(0.2)
    os._exit(0)

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
