# TODO caption_loss: 200 MB of printing.
# expect: lost
import sys

for _ in range(200):
    print('x' * (1 << 20))
    sys.stderr.write('y' * 1000)

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
