# TODO caption_loss: a loop that ignores signals and exceptions, when the cell runs.
# expect: lost
import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
