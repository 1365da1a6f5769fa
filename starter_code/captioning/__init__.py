"""Captioning: from Karpathy's JSON to a trained network that tells what a picture shows.

The files carry the names of the lab handout, in the order in which a run needs them:
`create_input_files` (with `karpathy`, `pictures`, `resumable`, `convert`), `datasets`, `models`,
`solver`, `decode`, `utils`. Nothing is imported here: the worker processes of `create_input_files`
start in a fraction of a second because they never load torch.
"""
