"""Where two guests meet: each sends lines of JSON, ["meet", WORD], and is answered with the other's word when that has
come too; or ["half", STEP], which is passed on and not answered. When one has ended, the other is told by the end of its
connection."""
import contextlib
import json
import socket
import threading

from guest import SERVER_ADDRESS

PORT = 29999


class Meeting:
    """`on_half(step)` is called in a thread of a guest's, `before_release()` before both are let go."""

    def __init__(self, on_half=lambda step: None, before_release=lambda: None):
        self.on_half, self.before_release = on_half, before_release
        self.server = socket.create_server((SERVER_ADDRESS, PORT))
        self.guests = []
        self.words = {}
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        for _ in range(2):
            guest, _ = self.server.accept()
            self.guests.append(guest)
            threading.Thread(target=self._serve, args=(guest,), daemon=True).start()
        self.server.close()

    def _serve(self, guest):
        try:
            for line in guest.makefile('r'):
                kind, word = json.loads(line)
                if kind == 'half':
                    self.on_half(word)
                else:
                    self._meet(guest, word)
        finally:
            with self.lock:
                for each in self.guests:
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)

    def _meet(self, guest, word):
        with self.lock:
            self.words[guest] = word
            if len(self.words) < 2:
                return
            self.before_release()
            (one, first), (other, second) = self.words.items()
            self.words = {}
            one.sendall(json.dumps(second).encode() + b'\n')
            other.sendall(json.dumps(first).encode() + b'\n')
