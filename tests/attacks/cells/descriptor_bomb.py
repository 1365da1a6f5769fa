# TODO caption_loss: opens files until there are none.
# expect: lost
opened = []
try:
    while len(opened) < 100000:
        opened.append(open('/dev/null'))
except OSError:
    pass

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
