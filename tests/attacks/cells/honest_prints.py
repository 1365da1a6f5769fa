# TODO caption_loss: prints cost nothing.
# expect: kept
import sys

def caption_loss(scores, captions, lengths):
    print(scores.shape)
    print('to stderr', file=sys.stderr)
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])
