# TODO caption_loss: an exception with text that no file can hold.
# expect: lost
def caption_loss(scores, captions, lengths):
    raise ValueError('half \ud800 a letter')
