# TODO caption_loss: a list without an end.
# expect: lost
def caption_loss(scores, captions, lengths):
    endless = []
    endless.append(endless)
    return endless
