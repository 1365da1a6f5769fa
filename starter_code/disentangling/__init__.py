"""Which part of a latent vector says what, and which says how: the room of assignment 3 (DSIC).

latents      slices of a latent vector, the filters on them, the weights of the losses
sizes        how big the networks and the trainings are, tier by tier
solver       the training loop around `train_step`
codes        what a trained network makes of a data set, and what can be read from that
baselines    what the words alone give away, for comparison
objectives   β-VAE, FactorVAE and DIP-VAE: other ways to pull a latent space apart
pictures     the figures of the lab

Nothing is imported here, so that whoever needs only the words does not wait for torch.
"""
