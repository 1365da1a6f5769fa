# TODO caption_loss: the function never returns.
# expect: lost
def caption_loss(scores, captions, lengths):
    while True:
        pass
