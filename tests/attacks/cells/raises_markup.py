# TODO caption_loss: an exception with script in its text.
# expect: lost
def caption_loss(scores, captions, lengths):
    raise ValueError('<script>alert("CANARY")</script><img src=x onerror=alert(1)>')
