"""Which part of a latent vector says what, and which says how: the room of assignment 3 (DSIC).

latents      slices of a latent vector, and the filters on them
examples     minibatches of captions and of pictures
sizes        how big the networks and the trainings are, tier by tier
solver       the training loop around `train_step`, and the weights of the losses
codes        what a trained network makes of a data set, and what can be read from that
objectives   β-VAE, FactorVAE and DIP-VAE: other ways to pull a latent space apart
pictures     the figures of the lab

Nothing is imported here, so that whoever needs only the words does not wait for torch.
"""
