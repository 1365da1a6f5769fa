"""Captions with a style: the data of the labs on disentangling and on stylised captioning (DSIC).

telling      captions of the picture world in four styles, and which of their words carry the style
records      the real data sets in their public layouts, and the scenes, as one kind of record
vocabulary   word map, the words of the style and those of the facts, bags of words
embeddings   word vectors to start from
features     what an encoder sees in each picture, computed once
preparing    all of it in a folder, made once
datasets     such a folder as a torch data set
given        trained networks that come with the course
modules      D-Images and D-Captions as assignment 4 takes them

Nothing is imported here, so that whoever needs only the words does not wait for torch.
"""
