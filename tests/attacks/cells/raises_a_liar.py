# TODO caption_loss: an exception that lies and loops in its own text.
# expect: lost
class Liar(Exception):
    def __str__(self):
        return 'x' * 10**8


class Trap(BaseException):
    def __str__(self):
        raise Trap


def caption_loss(scores, captions, lengths):
    raise (Liar if scores.numel() % 2 else Trap)
