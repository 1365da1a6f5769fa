# TODO caption_loss: slow but right.
# expect: kept
import time

def caption_loss(scores, captions, lengths):
    time.sleep(0.3)
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])
