#!/usr/bin/env python3
"""request.py METHOD PATH [BODY]: asks the daemon; prints the status, then the body. Exits 13 if the socket refuses us."""

import http.client
import socket
import sys

SOCKET = "/run/twinmap/control.sock"


class UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(SOCKET)


try:
    connection = UnixConnection("localhost")
    connection.request(sys.argv[1], sys.argv[2], body=sys.argv[3] if len(sys.argv) > 3 else None)
    answer = connection.getresponse()
    print(answer.status)
    print(answer.read().decode())
except PermissionError as refused:
    print(refused, file=sys.stderr)
    sys.exit(13)
