"""A picture from words: the room of assignment 5 (Reed et al. 2016: GAN-CLS and GAN-INT).

claims       what a caption says of a picture, and what is true of a scene
preparing    pictures with their captions in a folder, made once
public       CUB-200-2011 and Oxford-102 with the captions that were written for them
datasets     such a folder as a data set: one caption per picture, and which texts are true of which
encoders     characters or words to numbers, and pictures to numbers
joint        the training that brings both to one place
oracle       says what a picture shows; measures, and is no part of the game
solver       the loop of Algorithm 1 around `train_step`
variety      a term against collapse
scores       does the picture show what the words say?
pictures     the figures of the lab
sizes        how big the networks and the trainings are, tier by tier
given        trained networks that come with the course

Nothing is imported here, so that whoever needs only the words does not wait for torch.
"""
