# TODO caption_loss: text that no file can hold.
# expect: lost
def caption_loss(scores, captions, lengths):
    return {'\udfff': '\ud800'}
