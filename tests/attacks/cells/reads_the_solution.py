# TODO caption_loss: imports what measures the reference.
# expect: lost

def caption_loss(scores, captions, lengths):
    import autograder.bank as bank

    raise ValueError('LEAKED ' + str(bank.measure('a1_cnn_lstm_decoder', 1))[:100])
