"""Pictures as numbers and back: a Glow, and directions among its numbers (Dis-GU).

glow         the flow around three layers that are passed in: scales, prior, likelihood, samples
solver       the training by bits per dimension
sizes        how big it is and how long it trains at each tier
given        a trained flow of rooms that comes with the course

Nothing is imported here, so that whoever needs only the sizes does not wait for torch.
"""
