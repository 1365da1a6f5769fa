# TODO caption_loss: connects to the listener that the test opened on loopback.
# expect: lost
import socket

PORT = PORT_OF_THE_TEST  # a number, put in by the test
try:
    socket.create_connection(('127.0.0.1', PORT), timeout=1).send(b'solution')
except OSError:
    pass

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
