"""Pictures as numbers and back: a Glow, and directions among its numbers (Dis-GU).

glow         the flow around three layers that are passed in: scales, prior, likelihood, samples
solver       the training by bits per dimension
sizes        how big it is and how long it trains at each tier
given        a trained flow of rooms and a reader of their factors, which come with the course
directions   the search for directions: networks that are given, what is drawn, the loop
baselines    directions without a learner: closed forms, spectra, principal components, chance
methods      the methods of Table 1, each as its authors describe it
codes        what each method makes of a picture, and how such codes are scored
factors      what a room shows, read by a network; which directions move one factor alone
figures      what directions do, drawn

Nothing is imported here, so that whoever needs only the sizes does not wait for torch.
"""
