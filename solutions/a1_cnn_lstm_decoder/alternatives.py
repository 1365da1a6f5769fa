"""Right answers to assignment 1 written in other ways; each must pass every check."""

import itertools
from collections import defaultdict

from autograder.authoring import alternative

# --- encode_caption -------------------------------------------------------------------------


@alternative("encode_caption", "filled_tensor")
def encode_caption(words, word_map, max_length):
    row = torch.full((max_length + 2,), word_map["<pad>"], dtype=torch.long)
    row[0] = word_map["<start>"]
    place = 1
    for word in words:
        if place > max_length:
            break
        row[place] = word_map[word] if word in word_map else word_map["<unk>"]
        place += 1
    row[place] = word_map["<end>"]
    return row, place + 1


@alternative("encode_caption", "tokens_first")
def encode_caption(words, word_map, max_length):
    tokens = ["<start>"] + [w if w in word_map else "<unk>" for w in words][:max_length] + ["<end>"]
    padded = itertools.islice(itertools.chain(tokens, itertools.repeat("<pad>")), max_length + 2)
    return torch.LongTensor([word_map[token] for token in padded]), torch.tensor(len(tokens))


# --- lstm_step ------------------------------------------------------------------------------


@alternative("lstm_step", "linear_and_slices")
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    n = h.size(1)
    a = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    write, forget = torch.sigmoid(a[:, :n]), torch.sigmoid(a[:, n : 2 * n])
    candidate, show = torch.tanh(a[:, 2 * n : 3 * n]), torch.sigmoid(a[:, 3 * n :])
    c = torch.mul(forget, c).add(write * candidate)
    return show * torch.tanh(c), c


@alternative("lstm_step", "einsum_over_gates")
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    joined = torch.cat([x, h], dim=-1)
    weights = torch.cat([weight_ih, weight_hh], dim=-1).unflatten(0, (4, h.shape[-1]))
    a = torch.einsum("bk,ghk->gbh", joined, weights)
    a = a + (bias_ih + bias_hh).view(4, 1, -1)
    logistic = 1 / (1 + torch.exp(-a[[0, 1, 3]]))
    c = logistic[1] * c + logistic[0] * torch.tanh(a[2])
    return logistic[2] * torch.tanh(c), c


# --- init_hidden_state ----------------------------------------------------------------------


@alternative("init_hidden_state", "sum_and_slices")
def init_hidden_state(encoder_out, fc, bn):
    pixels = encoder_out.size(1)
    average = torch.sum(encoder_out, 1) / pixels
    both = bn(fc(average))
    half = both.size(1) // 2
    return both[:, :half], both[:, half:]


@alternative("init_hidden_state", "einsum_and_unbind")
def init_hidden_state(encoder_out, fc, bn):
    mean = torch.einsum("bpd->bd", encoder_out) / encoder_out.shape[1]
    return bn(fc(mean)).unflatten(1, (2, -1)).unbind(1)


# --- decoder_forward ------------------------------------------------------------------------


@alternative("decoder_forward", "rows_still_going")
class DecoderRNN(nn.Module):
    def __init__(self, vocab_size, embed_dim, cell, init, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.cell = cell
        self.init = init
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(cell.hidden_dim, vocab_size)

    def init_state(self, encoder_out):
        return self.init(encoder_out)

    def step(self, words, state):
        h, c = self.cell(self.embedding(words), state)
        return self.fc(self.dropout(h)), (h, c)

    def forward(self, encoder_out, captions, lengths):
        h, c = self.init(encoder_out)
        columns = []
        for t in range(captions.shape[1] - 1):
            going = (lengths - 1 > t).nonzero().flatten()
            column = encoder_out.new_zeros(len(captions), self.fc.out_features)
            if len(going):
                predicted, (h_new, c_new) = self.step(captions[going, t], (h[going], c[going]))
                column = column.index_copy(0, going, predicted)
                h, c = h.index_copy(0, going, h_new), c.index_copy(0, going, c_new)
            columns.append(column)
        return torch.stack(columns, dim=1)


@alternative("decoder_forward", "one_readout_for_all_steps")
class DecoderRNN(nn.Module):
    def __init__(self, vocab_size, embed_dim, cell, init, dropout=0.0):
        super().__init__()
        self.cell, self.init = cell, init
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(cell.hidden_dim, vocab_size)

    def init_state(self, encoder_out):
        return self.init(encoder_out)

    def step(self, words, state):
        state = self.cell(self.embedding(words), state)
        return self.fc(self.dropout(state[0])), state

    def forward(self, encoder_out, captions, lengths):
        order = sorted(range(len(captions)), key=lambda row: -int(lengths[row]))
        h, c = self.init_state(encoder_out[order])
        embedded = self.embedding(captions[order])
        hidden, places = [], []
        for t in range(max(lengths.tolist()) - 1):
            rows = sum(int(length) - 1 > t for length in lengths)
            h, c = self.cell(embedded[:rows, t], (h[:rows], c[:rows]))
            hidden.append(h)
            places += [(row, t) for row in order[:rows]]
        scores = torch.zeros(len(captions), captions.size(1) - 1, self.fc.out_features)
        rows, times = torch.tensor(places).T
        scores[rows, times] = self.fc(self.dropout(torch.cat(hidden)))
        return scores


# --- caption_loss ---------------------------------------------------------------------------


@alternative("caption_loss", "pads_ignored")
def caption_loss(scores, captions, lengths):
    return F.cross_entropy(scores.transpose(1, 2), captions[:, 1:], ignore_index=0)


@alternative("caption_loss", "by_hand")
def caption_loss(scores, captions, lengths):
    surprise = -scores.log_softmax(-1).gather(2, captions[:, 1:, None])[:, :, 0]
    total = sum(row[: int(n) - 1].sum() for row, n in zip(surprise, lengths))
    return total / (lengths - 1).sum()


# --- greedy_decode --------------------------------------------------------------------------


@alternative("greedy_decode", "cut_afterwards")
def greedy_decode(step, state, start, end, max_length):
    words = torch.tensor([start] * state[0].shape[0])
    said, over = [], torch.zeros(len(words), dtype=torch.bool)
    while len(said) < max_length and not over.all():
        scores, state = step(words, state)
        words = torch.max(scores, dim=1).indices
        said.append(words)
        over |= words == end
    rows = torch.stack(said, dim=1).tolist()
    return [row[: row.index(end)] if end in row else row for row in rows]


@alternative("greedy_decode", "only_rows_that_go_on")
def greedy_decode(step, state, start, end, max_length):
    captions = [[] for _ in range(len(state[0]))]
    going = list(range(len(captions)))
    words = torch.full((len(going),), start, dtype=torch.long)
    for _ in range(max_length):
        scores, state = step(words, state)
        words = scores.topk(1, dim=1).indices.squeeze(1)
        stay = [i for i, word in enumerate(words.tolist()) if word != end]
        going = [going[i] for i in stay]
        words, state = words[stay], tuple(part[stay] for part in state)
        for row, word in zip(going, words.tolist()):
            captions[row].append(word)
        if not going:
            break
    return captions


# --- beam_search ----------------------------------------------------------------------------


@alternative("beam_search", "plain_lists")
def beam_search(step, state, start, end, beam_size, max_length):
    beam = [(0.0, [], start, state)]
    finished = []
    for _ in range(max_length):
        candidates = []
        for total, ids, last, memory in beam:
            scores, new_memory = step(torch.tensor([last]), memory)
            for word, value in enumerate(torch.log_softmax(scores[0], 0).tolist()):
                candidates.append((total + value, ids, word, new_memory))
        candidates.sort(key=lambda candidate: candidate[0], reverse=True)
        candidates = candidates[: beam_size - len(finished)]
        finished += [c for c in candidates if c[2] == end]
        beam = [(s, ids + [w], w, memory) for s, ids, w, memory in candidates if w != end]
        if not beam:
            break
    best = max(finished or beam, key=lambda candidate: candidate[0])
    return best[1], best[0]


@alternative("beam_search", "tensors_of_words")
def beam_search(step, state, start, end, beam_size, max_length):
    sequences = torch.full((1, 1), start, dtype=torch.long)
    totals, places = torch.zeros(1, 1), beam_size
    best_ids, best_score = None, -float("inf")
    while places > 0 and sequences.shape[1] <= max_length:
        scores, state = step(sequences[:, -1], state)
        log_probabilities = scores - scores.logsumexp(dim=1, keepdim=True)
        table = (log_probabilities + totals).reshape(-1)
        totals, flat = table.sort(descending=True)
        totals, flat = totals[:places], flat[:places]
        rows = torch.div(flat, scores.size(1), rounding_mode="floor")
        words = flat.remainder(scores.size(1))
        sequences = torch.cat([sequences[rows], words[:, None]], dim=1)
        over = words == end
        if over.any() and totals[over].max() > best_score:
            winner = totals.masked_fill(~over, -float("inf")).argmax()
            best_ids, best_score = sequences[winner, 1:-1].tolist(), totals[winner].item()
        places -= int(over.sum())
        sequences, totals = sequences[~over], totals[~over, None]
        state = tuple(part[rows][~over] for part in state)
        if not len(sequences):
            break
    if best_ids is None:
        winner = totals.argmax()
        return sequences[winner, 1:].tolist(), totals[winner].item()
    return best_ids, best_score


# --- bleu -----------------------------------------------------------------------------------


@alternative("bleu", "joined_strings")
def bleu(references, hypotheses, max_n=4):
    def counted(words, n):
        table = defaultdict(int)
        for run in zip(*(words[i:] for i in range(n))):
            table[" ".join(run)] += 1
        return table

    product = 1.0
    for n in range(1, max_n + 1):
        hits, tries = 0, 0
        for truths, words in zip(references, hypotheses):
            tables = [counted(truth, n) for truth in truths]
            for run, count in counted(words, n).items():
                hits += min(count, max(table.get(run, 0) for table in tables))
                tries += count
        product *= hits / tries if tries else 0.0
    if product == 0:
        return 0.0
    said = sum(map(len, hypotheses))
    wanted = sum(
        sorted(map(len, truths), key=lambda k: (abs(k - len(words)), k))[0]
        for truths, words in zip(references, hypotheses)
    )
    return float(product ** (1 / max_n) * (1 if said > wanted else math.exp(1 - wanted / said)))
