# TODO caption_loss: an integer of a thousand digits.
# expect: lost
def caption_loss(scores, captions, lengths):
    return 10**1000
