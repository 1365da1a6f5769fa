# TODO caption_loss: warnings cost nothing.
# expect: kept
import warnings

def caption_loss(scores, captions, lengths):
    warnings.warn('be careful')
    warnings.warn('deprecated', DeprecationWarning)
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])
