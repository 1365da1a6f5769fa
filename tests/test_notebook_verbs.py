"""check, hint and progress, as a student meets them in a real kernel's shell."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from autograder.assignments import load_source, stub
from autograder.notebook import CheckFailed, NotebookError, begin
from autograder.running import time_limit

FIRST = "a1_cnn_lstm_decoder"


class Shell:
    """A kernel's shell with the notebook's own setup cells run."""

    def __init__(self) -> None:
        self.shell = InteractiveShell()
        for cell in load_source(FIRST).cells:
            if cell.tags.get("stage") == "see":
                break
            if cell.kind == "code":
                self.run(cell.source)

    def run(self, source: str) -> tuple[str, list[RichOutput], BaseException | None]:
        with capture_output() as captured:
            result = self.shell.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        return captured.stdout + captured.stderr, captured.outputs, error


@pytest.fixture
def kernel() -> Shell:
    InteractiveShell.clear_instance()
    return Shell()


def cell(todo: str) -> str:
    return next(c.source for c in load_source(FIRST).tagged("todo") if c.tags["todo"] == todo)


def test_a_right_answer_passes_and_is_remembered(kernel: Shell, tmp_path: Path) -> None:
    kernel.run(cell("encode_caption"))
    text, _, error = kernel.run('check("encode_caption")')
    assert error is None and "5 of 5 points" in text + repr(kernel.shell.user_ns.get("_", ""))
    assert (tmp_path / "runs" / "progress" / f"{FIRST}.json").is_file()


def test_a_failed_check_is_one_line_without_a_traceback(kernel: Shell) -> None:
    kernel.run(cell("encode_caption").replace('["<unk>"]', '["<pad>"]'))
    text, _, error = kernel.run('check("encode_caption")')
    assert isinstance(error, CheckFailed)
    assert "Traceback" not in text and "File " not in text
    assert text.count("CheckFailed") == 1


def test_the_cause_comes_with_the_second_failure(kernel: Shell) -> None:
    from autograder.authoring import Solution
    from autograder.bank import mistakes_of

    mistake = next(m for m in mistakes_of(FIRST) if m.todo == "caption_loss")
    kernel.run(mistake.edit(Solution("caption_loss", cell("caption_loss"))).source)
    first, second = (kernel.run('check("caption_loss")')[0] for _ in range(2))
    assert mistake.seen in first and mistake.cause not in first
    assert mistake.seen in second and mistake.cause in second


@pytest.mark.parametrize(
    ("before", "call", "said"),
    [
        ("", 'check("bleu")', "run the cell `# TODO bleu` first"),
        (stub(cell("bleu")), 'check("bleu")', "not attempted"),
        ("", 'check("blue")', "Did you mean 'bleu'?"),
        ("", 'hint("blue")', "Did you mean 'bleu'?"),
        ("", "hint()", "Say which TODO you mean: one of encode_caption"),
    ],
)
def test_calls_out_of_turn_say_what_to_do(kernel: Shell, before: str, call: str, said: str) -> None:
    kernel.run(before)
    text, _, error = kernel.run(call)
    assert error is not None and said in text and "Traceback" not in text


def test_a_library_call_in_place_of_the_derivation_is_refused(kernel: Shell) -> None:
    kernel.run(
        "# TODO bleu: mine\nfrom nltk.translate.bleu_score import corpus_bleu\n"
        "def bleu(references, hypotheses, max_n=4):\n"
        "    return corpus_bleu(references, hypotheses)"
    )
    text, _, error = kernel.run('check("bleu")')
    assert isinstance(error, CheckFailed) and "asks you to write yourself" in text


def test_hints_come_one_by_one(kernel: Shell) -> None:
    seen = [kernel.run('hint("bleu")')[0] for _ in range(4)]
    assert len(set(seen[:3])) == 3 and seen[2] == seen[3] and "last hint" in seen[3]


def test_the_name_of_a_class_is_as_good_as_its_todo(kernel: Shell) -> None:
    assert "call hint('decoder_forward') again" in kernel.run('hint("DecoderRNN")')[0]
    kernel.run(stub(cell("decoder_forward")))
    assert "decoder_forward: 0 of 14 points" in kernel.run('check("DecoderRNN")')[0]


def test_progress_counts_over_sessions(kernel: Shell) -> None:
    kernel.run(cell("encode_caption"))
    kernel.run('check("encode_caption")')
    text, _, _ = Shell().run("progress()")
    assert f"{FIRST}: 5 of 80 points" in text


def test_an_unknown_assignment_is_named() -> None:
    with pytest.raises(Exception, match="There is no assignment 'a9'"):
        begin("a9", {})
    with pytest.raises(NotebookError, match="There is no TODO"):
        begin("a1", {})[0]("nothing")


def test_an_endless_loop_is_stopped_and_its_line_named(
    kernel: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = kernel.shell.user_ns["check"].__self__
    quick = [dataclasses.replace(c, seconds=0.3) for c in session.checks]
    monkeypatch.setattr(session, "checks", quick)
    endless = "    while True:\n        try: pass\n        except Exception: pass"
    kernel.run(
        "# TODO encode_caption\ndef encode_caption(words, word_map, max_length):\n" + endless
    )
    _, _, error = kernel.run('check("encode_caption")')
    assert isinstance(error, CheckFailed) and "timed out" in str(error)
    assert "line" in str(error) and "loop without an end" in str(error)


def test_a_result_of_another_form_is_said_to_be_one(kernel: Shell) -> None:
    kernel.run(cell("lstm_step").replace("return h_new, c_new", "return h_new"))
    _, _, error = kernel.run('check("lstm_step")')
    assert isinstance(error, CheckFailed)
    assert "cannot use what your code returned" in str(error)


def test_the_clock_stops_a_check_and_nothing_else() -> None:
    with time_limit(0.05):
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass
