"""Lets Jupyter and otter-grader run where only Unix sockets exist; for `benchmarks/attacks.py`.

Behind the wall there is no network, not even loopback. Kernels talk over Unix sockets instead, and
otter's log receiver, which listens on a port that nobody need call, listens on one as well. A
kernel's port for what its own forks print is refused as if it were taken; they print nothing then.

There is no /proc either, so that a kernel cannot find the children that it would end with itself.
It is spared the search, and leaves the number of its session in `/tmp/kernel-sessions`: what is
left of that session is not held against the tool.
"""

import os
import socketserver
import sys
import tempfile

import zmq
from jupyter_client import manager

_begin = manager.KernelManager.__init__


def _begin_without_network(self, *args, **kwargs):
    place = os.path.join(tempfile.mkdtemp(), "kernel")
    _begin(self, *args, **{"transport": "ipc", "ip": place, **kwargs})


class _LocalServer(socketserver.ThreadingUnixStreamServer):
    """A server that says it has a port, and has a socket in a file."""

    def __init__(self, address, handler):
        super().__init__(os.path.join(tempfile.mkdtemp(), "socket"), handler)
        self.server_address = ("localhost", 1)


def _refuse(self, address, *args, **kwargs):
    raise zmq.ZMQError(zmq.EADDRINUSE)


zmq.Socket.bind_to_random_port = _refuse
manager.KernelManager.__init__ = _begin_without_network
socketserver.ThreadingTCPServer = _LocalServer

if "ipykernel_launcher" in sys.orig_argv:
    from ipykernel import kernelbase

    kernelbase._get_psutil = lambda: None
    with open("/tmp/kernel-sessions", "a", encoding="ascii") as file:
        file.write(f"{os.getsid(0)}\n")
