"""Training a captioner: teacher forcing, validation by free decoding, checkpoints.

`Solver(encoder, decoder, train, val, loss, options).fit()` works for every decoder of the labs'
contract (see `starter_code.captioning.decode` for its `step`). In `options.folder` it keeps
`last.pt` (everything needed to go on), `best.pt` (the weights of the best epoch) and
`history.json`. A training that was killed goes on with `resume=True` as if nothing had happened.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.batches import Batch, batches, encode, in_order, shuffled
from starter_code.captioning.checkpoints import load_best, load_pair
from starter_code.captioning.decode import caption_images, evaluating
from starter_code.captioning.history import History
from starter_code.captioning.utils import count_top_k, hypotheses, references
from starter_code.errors import CourseError
from starter_code.tiers import Tier
from starter_code.training import (
    cosine,
    load_checkpoint,
    pick_device,
    random_state,
    restore_random_state,
    save_checkpoint,
)

__all__ = ["History", "Options", "Solver", "load_best"]

Loss = Callable[[Any, Tensor, Tensor], Tensor]
# Options that do not change what is learnt: a training may be resumed with others.
_FREE = {"epochs", "device", "folder", "resume", "checkpoint_minutes", "workers", "progress"}


@dataclass(frozen=True)
class Options:
    """How to train. `Options.of(tier, folder=..., seed=...)` takes the sizes from a tier."""

    epochs: int = 10
    batch_size: int = 100  # captions per step
    captions_drawn: int | None = None  # of each picture, anew in each epoch; None: all
    learning_rate: float = 3e-3  # Adam, decoder
    encoder_learning_rate: float = 3e-3
    schedule: str = "cosine"  # to zero over all epochs, after a short warm-up; or "constant"
    clip: float = 5.0  # largest norm of the gradient of all weights together
    patience: int = 5  # epochs without a better validation before stopping
    choose_by: str = "bleu"  # what "better" is: validation "bleu" or "loss"
    validation_pictures: int = 200  # how many of the validation split are looked at
    validation_beam: int = 1
    max_length: int = 30  # words
    seed: int = 0
    device: str = "auto"
    mixed_precision: bool = True  # on CUDA only
    folder: str = "runs/captioning"
    resume: bool = False  # go on with what is in the folder, if anything
    checkpoint_minutes: float = 10.0  # also within an epoch
    workers: int = 0  # processes that load batches
    progress: bool = True

    @classmethod
    def of(cls, tier: Tier, **changes: Any) -> "Options":
        """The options of a tier, with changes."""
        names = {field.name for field in fields(cls)} & {field.name for field in fields(tier)}
        return cls(**{**{name: getattr(tier, name) for name in names}, **changes})

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


@dataclass
class _Tally:
    """Sums over words, for running means."""

    loss: float = 0.0
    right: int = 0
    words: int = 0

    def add(self, loss: float, right: int, words: int) -> None:
        self.loss += loss * words
        self.right += right
        self.words += words

    @property
    def means(self) -> tuple[float, float]:
        """Loss per word and share of words among the five most likely."""
        return self.loss / max(self.words, 1), self.right / max(self.words, 1)


class Solver:
    """Trains an encoder and a decoder together.

    After `fit` both hold the weights of the best epoch. If `fit` ends early by an error that you
    can mend, such as a full disk, call it again: it goes on where it was.

    Args:
        encoder: `(B, 3, S, S) -> (B, P, D)`; trained where its weights require gradients.
        decoder: the labs' decoder contract.
        train, val: `CaptionDataset`s.
        loss: `(outputs of decoder.forward, captions (B, T), lengths (B,)) -> scalar`.
        options: see `Options`.

    Raises CourseError for a checkpoint of another model or with other options.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        train: Any,
        val: Any,
        loss: Loss,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.device = pick_device(self.options.device)
        self.encoder, self.decoder = encoder.to(self.device), decoder.to(self.device)
        self.train_set, self.val_set, self.loss = train, val, loss
        self.folder = Path(self.options.folder)
        self.history = History(choose_by=self.options.choose_by)
        torch.manual_seed(self.options.seed)
        self.generator = torch.Generator().manual_seed(self.options.seed)
        self.optimiser = torch.optim.Adam(self._parameter_groups())
        self.autocast = self._precision()
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=self.autocast.fast_dtype == torch.float16
        )
        self._start_epoch()
        self._unsaved = False
        if self.options.resume and (self.folder / "last.pt").is_file():
            self._resume()

    def _parameter_groups(self) -> list[dict[str, Any]]:
        options = self.options
        groups = [
            {"params": list(self.decoder.parameters()), "full": options.learning_rate},
            {"params": list(self.encoder.parameters()), "full": options.encoder_learning_rate},
        ]
        for group in groups:
            group["params"] = [p for p in group["params"] if p.requires_grad]
        return [group for group in groups if group["params"]]

    def _precision(self) -> torch.autocast:
        """bfloat16 where the GPU has it, else float16 with loss scaling; on a CPU neither."""
        fast = self.options.mixed_precision and self.device.type == "cuda"
        half = torch.bfloat16 if fast and torch.cuda.is_bf16_supported() else torch.float16
        return torch.autocast(self.device.type, half if fast else torch.bfloat16, enabled=fast)

    # Training ------------------------------------------------------------------------------

    def fit(self) -> History:
        """Train to the last epoch, or until validation has not improved for `patience` epochs."""
        if self._unsaved:
            self._save_epoch()
        if not self.finished:
            self._keep_older_training()
        total = self.options.epochs * self._steps
        done = len(self.history.records) * self._steps + self.step
        with tqdm(total=total, initial=done, unit="step", disable=not self.options.progress) as bar:
            while not self.finished:
                self._train_epoch(bar)
                self._end_epoch()
        self._load_best()
        return self.history

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        history, options = self.history, self.options
        return len(history.records) >= options.epochs or history.since_best >= options.patience

    @property
    def _steps(self) -> int:
        """Steps of one epoch."""
        return len(self.plan)

    def _start_epoch(self) -> None:
        self.plan_state = self.generator.get_state()
        options = self.options
        self.plan = shuffled(
            self.train_set, options.batch_size, self.generator, options.captions_drawn
        )
        self.step = 0
        self.tally = _Tally()
        self.seconds = 0.0

    def _train_epoch(self, bar: tqdm) -> None:
        """What is left of the current epoch."""
        epoch = len(self.history.records) + 1
        bar.set_description(f"epoch {epoch}/{self.options.epochs}")
        self.encoder.train()
        self.decoder.train()
        started = saved = time.monotonic()
        before = self.seconds
        pin = self.device.type == "cuda"
        for batch in batches(self.train_set, self.plan[self.step :], self.options.workers, pin):
            self._train_step(batch.to(self.device))
            self.step += 1
            now = time.monotonic()
            self.seconds = before + now - started
            loss, top5 = self.tally.means
            bar.set_postfix_str(f"loss {loss:.3f}, top-5 {top5:.1%}", refresh=False)
            bar.update()
            if now - saved > 60 * self.options.checkpoint_minutes:
                self._save_last()
                saved = now

    def _train_step(self, batch: Batch) -> None:
        self._set_learning_rate()
        with self.autocast:
            features = encode(self.encoder, batch)
        # The decoder, which a student writes, stays in single precision: it is small beside the
        # encoder, and none of its tensors need mind which type autocast chose.
        outputs = self.decoder(features.float(), batch.captions, batch.lengths)
        loss = self.loss(outputs, batch.captions, batch.lengths)
        value = loss.item()
        if value != value:
            raise CourseError(
                f"The loss became NaN in step {self.step} of epoch "
                f"{len(self.history.records) + 1}: lower the learning rate, or look for a "
                "logarithm or a division of zero in the loss."
            )
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimiser)
        weights = [p for group in self.optimiser.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(weights, self.options.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.tally.add(value, *self._right(outputs, batch))

    @staticmethod
    def _right(outputs: Any, batch: Batch) -> tuple[int, int]:
        scores = outputs[0] if isinstance(outputs, tuple) else outputs
        return count_top_k(scores.detach(), batch.captions, batch.lengths)

    def _set_learning_rate(self) -> None:
        done = len(self.history.records) * self._steps + self.step
        total = self.options.epochs * self._steps
        factor = cosine(done, total) if self.options.schedule == "cosine" else 1.0
        for group in self.optimiser.param_groups:
            group["lr"] = factor * group["full"]

    def _end_epoch(self) -> None:
        """Validate, remember, report and save."""
        train_loss, train_top5 = self.tally.means
        record = {
            "epoch": len(self.history.records) + 1,
            "train_loss": train_loss,
            "train_top5": train_top5,
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "seconds": self.seconds,
            **self.validate(),
        }
        improved = self.history.add(record)
        if self.options.progress:
            tqdm.write(_line(record, improved))
        self._start_epoch()
        self._unsaved = True
        self._save_epoch()

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Loss and top-5 with teacher forcing, BLEU-4 without, on the validation pictures."""
        count = min(self.options.validation_pictures, self.val_set.num_images)
        if count == 0:
            raise CourseError("There is no picture to validate on: the split is empty.")
        tally = _Tally()
        with evaluating(self.encoder, self.decoder):
            for batch in batches(self.val_set, in_order(self.val_set, count)):
                batch = batch.to(self.device)
                outputs = self.decoder(encode(self.encoder, batch), batch.captions, batch.lengths)
                loss = self.loss(outputs, batch.captions, batch.lengths)
                tally.add(loss.item(), *self._right(outputs, batch))
        loss, top5 = tally.means
        return {"val_loss": loss, "val_top5": top5, "val_bleu4": self._bleu4(count)}

    def _bleu4(self, count: int) -> float:
        from starter_code.metrics.captions import score_captions  # loads the scorers

        images = torch.stack([torch.as_tensor(self.val_set.image(i)) for i in range(count)])
        word_map, options = self.val_set.word_map, self.options
        captions = caption_images(
            self.encoder,
            self.decoder,
            images,
            word_map,
            options.validation_beam,
            options.max_length,
        )
        found = hypotheses(captions, word_map)
        return score_captions(references(self.val_set, count), found, ("bleu",))["BLEU-4"]

    # Checkpoints ---------------------------------------------------------------------------

    def _save_epoch(self) -> None:
        """Write what an epoch changed; repeated by `fit` if the disk was full."""
        if self.history.since_best == 0:
            save_checkpoint(self.folder / "best.pt", self._weights())
        self._save_last()
        self.history.save(self.folder / "history.json")
        self._unsaved = False

    def _weights(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.state_dict(),
            "decoder": self.decoder.state_dict(),
            "record": self.history.best if self.history.records else {},
        }

    def _save_last(self) -> None:
        state = {
            **self._weights(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "history": self.history.as_dict(),
            "options": self.options.fixed,
            "step": self.step,
            "plan_state": self.plan_state,
            "tally": asdict(self.tally),
            "seconds": self.seconds,
            "random": random_state(self.generator),
        }
        save_checkpoint(self.folder / "last.pt", state)

    def _resume(self) -> None:
        """Take up the training of the folder exactly where its last checkpoint was written."""
        path = self.folder / "last.pt"
        state = load_checkpoint(path)
        self._refuse_other_options(path, state.get("options"))
        load_pair(self.encoder, self.decoder, state, path)
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.history = History(**state["history"])
        self.generator.set_state(state["plan_state"])
        self._start_epoch()
        self.step, self.tally = state["step"], _Tally(**state["tally"])
        self.seconds = state["seconds"]
        restore_random_state(state["random"], self.generator)

    def _refuse_other_options(self, path: Path, text: str | None) -> None:
        if text is None:
            raise CourseError(f"{path} is not the checkpoint of a training: take another folder.")
        there, here = json.loads(text), json.loads(self.options.fixed)
        for name, value in here.items():
            if there.get(name) != value:
                raise CourseError(
                    f"The training in {self.folder} has {name} = {there.get(name)}, this one "
                    f"{value}: set it back to go on, take another folder, or give resume=False."
                )

    def _keep_older_training(self) -> None:
        """Move the files of another training that is in the folder out of the way, once."""
        if self.options.resume or self.history.records or self.step:
            return
        for name in ("last.pt", "best.pt", "history.json"):
            path = self.folder / name
            if path.is_file():
                path.replace(path.with_name(f"previous_{name}"))

    def _load_best(self) -> None:
        load_best(self.folder, self.encoder, self.decoder)


def _line(record: dict[str, float], improved: bool) -> str:
    """One epoch in one line."""
    return (
        f"epoch {record['epoch']:2d}   loss {record['train_loss']:.3f}   "
        f"top-5 {record['train_top5']:.1%}   |   validation: loss {record['val_loss']:.3f}   "
        f"top-5 {record['val_top5']:.1%}   BLEU-4 {record['val_bleu4']:.3f}"
        f"{' *' if improved else '  '}   {record['seconds']:.0f} s"
    )
