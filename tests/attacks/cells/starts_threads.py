# TODO caption_loss: threads go on after the answer.
# expect: lost
import threading
import time


def forever():
    while True:
        time.sleep(0.01)


for _ in range(20):
    threading.Thread(target=forever, daemon=False).start()

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
