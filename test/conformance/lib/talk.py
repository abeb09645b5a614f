"""A guest's end of the place where two of them meet: see meeting.py."""
import json
import os
import socket

from steps import require


class Talk:
    def __init__(self, port):
        self.lines = socket.create_connection((os.environ['HOSTIP'], port)).makefile('rw')

    def say(self, *words):
        self.lines.write(json.dumps(words) + '\n')
        self.lines.flush()

    def meet(self, word=None):
        """Waits for the other client; returns its word."""
        self.say('meet', word)
        answer = self.lines.readline()
        require(answer, 'the other client has ended')
        return json.loads(answer)

    def half_way(self, turn, turns, step):
        if turn == turns // 2:
            self.say('half', step)
