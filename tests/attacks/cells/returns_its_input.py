# TODO caption_loss: the scores come back as they are.
# expect: lost
def caption_loss(scores, captions, lengths):
    return scores
