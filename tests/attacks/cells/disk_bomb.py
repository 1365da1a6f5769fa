# TODO caption_loss: fills what can be written, at most 2 GB.
# expect: lost
import os

for place in ('/tmp', '/dev/shm', '.', '/var/tmp'):
    try:
        for n in range(20):
            with open(os.path.join(place, 'fill%d' % n), 'wb') as file:
                file.write(bytes(100 << 20))
    except OSError:
        pass

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
