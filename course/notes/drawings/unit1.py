"""The figures of unit 1: a decoder, a beam, what BLEU sees, and trainings that went wrong."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drawings.common import (
    BAD,
    BLUE,
    FAINT,
    GOOD,
    INK,
    ORANGE,
    PURPLE,
    answers,
    arrow,
    blank,
    box,
    canvas,
    figure,
)
from starter_code import scenes
from starter_code.metrics import captions as metrics
from starter_code.plots import as_picture

NAME = "a1_cnn_lstm_decoder"


@figure
def u1_decoder() -> Figure:
    """The decoder twice: reading the true words, and reading its own."""
    with canvas(figsize=(9.2, 4.2)) as (drawn, ax):
        blank(ax, 18.4, 8.4)
        picture = as_picture(scenes.draw_scene(scenes.scene_at(0, 21), 64))
        ax.imshow(picture, extent=(0.2, 3.2, 3.2, 6.2), zorder=2)
        ax.text(1.7, 6.4, "picture", ha="center", va="bottom", fontsize=9)
        for k in range(9):  # the encoder's grid
            ax.plot([4.2, 6.2], [3.7 + k / 4] * 2, color=FAINT, lw=0.8)
            ax.plot([4.2 + k / 4] * 2, [3.7, 5.7], color=FAINT, lw=0.8)
        ax.text(5.2, 5.9, "P cells of D numbers", ha="center", va="bottom", fontsize=9)
        arrow(ax, (3.2, 4.7), (4.2, 4.7))
        box(ax, 7.5, 4.7, "mean, FC,\nbatch norm", PURPLE, wide=1.9, high=1.2)
        arrow(ax, (6.2, 4.7), (6.55, 4.7))
        _chain(ax, 6.5, "training: it reads the true word", ("a", "blue", "cat"), GOOD)
        _chain(ax, 1.5, "speaking: it reads what it said itself", ("a", "blue", "dog"), ORANGE)
        arrow(ax, (8.0, 5.3), (9.35, 6.5), color=PURPLE)
        arrow(ax, (8.0, 4.1), (9.35, 1.6), color=PURPLE)
        ax.text(8.55, 6.15, "$h_0, c_0$", ha="right", color=PURPLE, fontsize=10)
    return drawn


def _chain(ax: Axes, y: float, title: str, words: tuple[str, ...], colour: str) -> None:
    """Four cells in a row, what each is fed, and what it says."""
    fed, said = ("<start>", *words), (*words, "...")
    ax.text(9.0, y + 1.55, title, fontsize=9.5, color=colour, weight="bold")
    for t, (heard, spoken) in enumerate(zip(fed, said)):
        x = 10.1 + 2.35 * t
        box(ax, x, y, "LSTM", BLUE, wide=1.3, high=0.8)
        ax.text(x, y + 0.8, spoken, ha="center", va="center", fontsize=9, style="italic")
        ax.text(x, y - 1.0, heard, ha="center", va="center", fontsize=9, color=colour)
        arrow(ax, (x, y - 0.75), (x, y - 0.4), color=colour)
        if t < 3:
            arrow(ax, (x + 0.67, y), (x + 1.66, y))
            if colour == ORANGE:  # what was said is what is read next
                bend = {"connectionstyle": "arc3,rad=-0.35", "lw": 1.0}
                arrow(ax, (x + 0.45, y + 0.75), (x + 1.75, y - 0.85), color=ORANGE, **bend)


# ---- a beam

TREE = {  # beginning -> the probability of each next word
    (): {"red": 0.5, "blue": 0.4, "green": 0.1},
    ("red",): {"ball": 0.4, "car": 0.35, "cat": 0.25},
    ("blue",): {"kite": 0.9, "cat": 0.1},
    ("green",): {"tree": 0.7, "ball": 0.3},
}
LEXICON = ("<end>", "<start>", "red", "blue", "green", "ball", "car", "cat", "kite", "tree")


def _toy_step(words: torch.Tensor, state: tuple[torch.Tensor]) -> tuple[torch.Tensor, tuple]:
    """The tree as a decoder: the state is what was said so far, -1 where nothing was."""
    told = torch.cat([state[0], words[:, None]], dim=1)
    scores = torch.full((len(words), len(LEXICON)), -50.0)
    for row, ids in enumerate(told.tolist()):
        begun = tuple(LEXICON[i] for i in ids if i >= 0 and LEXICON[i] != "<start>")
        for word, chance in TREE.get(begun, {"<end>": 1.0}).items():
            scores[row, LEXICON.index(word)] = float(np.log(chance))
    return scores, (told,)


@figure
def u1_beam() -> Figure:
    """A tree of captions of two words; greedy search misses the most probable one."""
    a1 = answers(NAME)
    state, ends = (torch.full((1, 1), -1),), (LEXICON.index("<start>"), LEXICON.index("<end>"))
    greedy = a1["greedy_decode"](_toy_step, state, *ends, 5)[0]
    beam, score = a1["beam_search"](_toy_step, state, *ends, 2, 5)
    paths = {"greedy": (greedy, ORANGE), "beam of 2": (beam, GOOD)}
    places, y = {}, 6.6
    for first, following in TREE[()].items():
        for second in TREE[first,]:
            places[first, second] = (8.4, y)
            y -= 1.0
        own = [places[first, second][1] for second in TREE[first,]]
        places[first,] = (4.2, sum(own) / len(own))
        y -= 0.15 * following
    with canvas(figsize=(8.4, 4.0)) as (drawn, ax):
        blank(ax, 14.0, 7.3)
        ax.set_aspect("auto")
        taken = {
            (ids, depth): (name, colour)
            for name, (ids_, colour) in paths.items()
            for depth in (1, 2)
            for ids in [tuple(LEXICON[i] for i in ids_[:depth])]
        }
        for begun, (x, level) in places.items():
            from_x, from_y = (0.9, 3.6) if len(begun) == 1 else places[begun[:1]]
            chance = TREE[begun[:-1]][begun[-1]]
            colour = taken.get((begun, len(begun)), ("", FAINT))[1]
            start = from_x + (0.95 if len(begun) == 1 else 0.75)
            ax.plot([start, x - 0.75], [from_y, level], color=colour, lw=1 + 6 * chance)
            middle = ((start + x - 0.75) / 2, (from_y + level) / 2)
            plate = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(*middle, f"{chance:.2f}", fontsize=8, ha="center", va="center", bbox=plate)
        for begun, (x, level) in places.items():
            box(ax, x, level, begun[-1], FAINT, wide=1.4, high=0.55)
            if len(begun) == 2:
                product = TREE[()][begun[0]] * TREE[begun[0],][begun[1]]
                names = [name for name, (ids, _) in paths.items() if _said(ids) == begun]
                ink = paths[names[0]][1] if names else INK
                note = f"{product:.3f}   " + (f"found by: {names[0]}" if names else "")
                weight = "bold" if names else "normal"
                ax.text(9.5, level, note, va="center", fontsize=9, color=ink, weight=weight)
        box(ax, 0.95, 3.6, "<start>", FAINT, wide=1.8, high=0.6)
        ax.set_title("Probability of each next word, and of each caption of two words")
        assert abs(np.exp(score) - 0.36) < 1e-5
    return drawn


def _said(ids: list[int]) -> tuple[str, ...]:
    return tuple(LEXICON[i] for i in ids)


# ---- what the metrics see

SWAPPED = dict(zip(scenes.COLOURS, (*scenes.COLOURS[1:], scenes.COLOURS[0])))


@figure
def u1_metrics() -> Figure:
    """Scores of true captions, and of the same captions spoilt in five ways."""
    world = [scenes.scene_at(0, number) for number in range(300)]
    told = {i: scenes.captions(scene, i) for i, scene in enumerate(world)}
    truth, fifth = metrics.fifth_caption(told)
    rng = np.random.default_rng(0)

    def shuffled(text: str) -> str:
        return " ".join(rng.permutation(text.split()))

    answers_ = {
        "another person": fifth,
        "its colours exchanged": _edited(fifth, lambda w: [SWAPPED.get(word, word) for word in w]),
        "its last three words cut off": _edited(fifth, lambda w: w[:-3]),
        "its words shuffled": {i: shuffled(text) for i, text in fifth.items()},
        "said of the next picture": {i: fifth[(i + 1) % len(fifth)] for i in fifth},
        "the first one, of all pictures": dict.fromkeys(fifth, fifth[0]),
    }
    rows = {}
    for name, said in answers_.items():
        scores = metrics.score_captions(truth, said, ("bleu", "cider"))
        facts = [scenes.factors(scene) for scene in world]
        rows[name] = (
            scores["BLEU-4"],
            scores["CIDEr"],
            metrics.faithfulness(list(said.values()), facts),
        )
    panels = (("BLEU-4", BLUE), ("CIDEr", PURPLE), ("faithfulness", GOOD))
    with canvas(1, 3, figsize=(9.2, 2.7), sharey=True) as (drawn, axes):
        for k, (ax, (title, colour)) in enumerate(zip(axes, panels)):
            values = [row[k] for row in rows.values()]
            bars = ax.barh(list(rows), values, color=colour, height=0.62)
            ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=8, color=INK)
            ax.set(title=title, xlim=(0, 1.22 * max(values)))
            ax.grid(visible=False, axis="y")
        axes[0].invert_yaxis()
    return drawn


def _edited(said: dict, change: Callable[[list[str]], list[str]]) -> dict:
    return {i: " ".join(change(text.split())) for i, text in said.items()}


# ---- broken runs

KNOWN = ("targets_not_shifted", "pads_counted", "end_not_counted")


@figure
def u1_broken() -> Figure:
    """Tiny trainings with the right loss and with three known mistakes of it."""
    runs = {"right": _train({})}
    runs |= {name: _train({"caption_loss": name}) for name in KNOWN}
    titles = {
        "right": ("right", GOOD),
        "targets_not_shifted": ("targets not shifted", BAD),
        "pads_counted": ("pads counted", ORANGE),
        "end_not_counted": ("<end> not counted", PURPLE),
    }
    with canvas(1, 2, figsize=(9.2, 3.1), width_ratios=(1, 1.35)) as (drawn, (left, right)):
        for name, (losses, _) in runs.items():
            title, colour = titles[name]
            smooth = np.convolve(losses, np.ones(8) / 8, "valid")
            left.plot(smooth, color=colour, label=title)
        left.set(title="What the loss says", xlabel="training step", ylabel="its own loss, nats")
        left.set_ylim(bottom=0)
        left.legend(fontsize=8)
        right.axis("off")
        right.set(title="What it says of one scene (at most 14 words)")
        for k, (name, (_, said)) in enumerate(runs.items()):
            title, colour = titles[name]
            y = 0.98 - 0.26 * k
            right.text(0, y, title, color=colour, weight="bold", fontsize=9, va="top")
            right.text(0, y - 0.08, said, fontsize=8.5, color=INK, va="top")
        right.set(xlim=(0, 1), ylim=(0, 1))
    return drawn


def _train(wrong: dict[str, str], steps: int = 150) -> tuple[list[float], str]:
    """Train a small decoder that is told the truth in place of a picture; what it then says."""
    a1 = answers(NAME, **wrong)
    torch.manual_seed(0)
    seen, captions, lengths, lexicon = _captions(400)
    cell = a1["DecoderCell"](24, 48, "lstm", a1["lstm_step"])
    start = a1["InitialState"](seen.shape[2], 48, a1["init_hidden_state"])
    decoder = a1["DecoderRNN"](len(lexicon), 24, cell, start)
    adam = torch.optim.Adam(decoder.parameters(), 2e-2)
    draw, losses = torch.Generator().manual_seed(0), []
    for _ in range(steps):
        rows = torch.randint(1, len(seen), (16,), generator=draw)
        scores = decoder(seen[rows], captions[rows], lengths[rows])
        loss = a1["caption_loss"](scores, captions[rows], lengths[rows])
        for parameter in decoder.parameters():
            parameter.grad = None
        loss.backward()
        adam.step()
        losses.append(loss.item())
    decoder.eval()
    with torch.no_grad():
        ends = lexicon.index("<start>"), lexicon.index("<end>")
        ids = a1["greedy_decode"](decoder.step, decoder.init_state(seen[:1]), *ends, 14)[0]
    return losses, _wrapped([lexicon[i] for i in ids])


def _wrapped(words: list[str]) -> str:
    middle = (len(words) + 1) // 2 if len(words) > 9 else len(words)
    return "\n".join(" ".join(part) for part in (words[:middle], words[middle:]) if part)


def _captions(pictures: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]:
    """Scenes as their truth (N, 1, 25), one caption each in numbers, lengths, and the words."""
    world = [scenes.scene_at(0, number) for number in range(pictures)]
    told = [scenes.tokenize(scenes.captions(scene, i, n=1)[0]) for i, scene in enumerate(world)]
    lexicon = ["<pad>", "<start>", "<end>", *sorted({word for words in told for word in words})]
    number = {word: i for i, word in enumerate(lexicon)}
    longest = max(map(len, told)) + 2
    names = (*scenes.KINDS, *scenes.COLOURS, *scenes.TIMES, *scenes.WEATHERS)
    seen = torch.zeros(pictures, 1, len(names))
    captions = torch.zeros(pictures, longest, dtype=torch.long)
    for i, (scene, words) in enumerate(zip(world, told)):
        facts = [scene.time_of_day, scene.weather]
        facts += [part for thing in scene.objects for part in (thing.kind, thing.colour)]
        seen[i, 0, [names.index(fact) for fact in facts]] = 1.0
        row = [number[word] for word in ("<start>", *words, "<end>")]
        captions[i, : len(row)] = torch.tensor(row)
    return seen, captions, torch.tensor([len(words) + 2 for words in told]), lexicon
