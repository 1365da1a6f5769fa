# TODO caption_loss: a trial below that fails and one that prints.
# expect: kept


def caption_loss(scores, captions, lengths):
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])


print(caption_loss(torch.zeros(1, 2, 3), torch.tensor([[1, 2, 0]]), torch.tensor([2])))
caption_loss(1, 2, 3)
