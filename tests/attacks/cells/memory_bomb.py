# TODO caption_loss: as much memory as it gets, at most 12 GiB.
# expect: lost
hoard = []
try:
    for _ in range(24):
        hoard.append(bytearray(512 << 20))
except MemoryError:
    raise

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
