# TODO caption_loss: logging and a thread that ends.
# expect: kept
import logging
import threading

def caption_loss(scores, captions, lengths):
    logging.getLogger('me').warning('here')
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])
