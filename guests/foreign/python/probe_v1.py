"""Reaches for all that Python offers, and says what it got."""

import encodings.idna  # which socket looks for only when it is called, when there are no files to find it in
import os
from socket import socket, getaddrinfo


def attempt(act) -> str:
    try:
        return f"got {act()}"
    except OSError as why:
        return type(why).__name__


class WitWorld:
    def try_(self) -> list[str]:
        return [
            attempt(lambda: os.listdir("/")),
            attempt(lambda: open("/etc/passwd").read()),
            attempt(lambda: open("/tmp/note", "w")),
            attempt(lambda: getaddrinfo("127.0.0.1", 80)),
            attempt(lambda: socket().connect(("127.0.0.1", 80))),
            attempt(lambda: socket().bind(("127.0.0.1", 0))),
            f"environment {dict(os.environ)}",
        ]
