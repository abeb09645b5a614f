"""Steps of a check: one line `ok - NAME  # NOTE`, `not ok - NAME  # REASON` or `skip - NAME  # REASON` each, the only
lines that the verdict reads."""
import sys
import time

NOTE = '  # '


class Skip(Exception):
    """Raised by a step that cannot be done here; its text is the reason."""


class Steps:
    def __init__(self):
        self.failed = 0

    def step(self, name, body, *arguments):
        """Runs `body(*arguments)`. An exception fails the step and no other. Returns what the body returned, or None."""
        begin = time.monotonic()
        try:
            result = body(*arguments)
        except Skip as reason:
            print(f'skip - {name}{NOTE}{one_line(reason)}', flush=True)
            return None
        except Exception as error:
            self.failed += 1
            print(f'not ok - {name}{NOTE}{type(error).__name__}: {one_line(error)}', flush=True)
            return None
        detail = f', {one_line(result)}' if isinstance(result, str) else ''
        print(f'ok - {name}{NOTE}{time.monotonic() - begin:.2f} s{detail}', flush=True)
        return result

    def finish(self):
        """Ends the program: 0 when every step passed."""
        sys.stdout.flush()
        sys.exit(1 if self.failed else 0)


def one_line(value, limit=600):
    return ' / '.join(str(value).split('\n'))[:limit]


def equal(got, want, what=''):
    """Fails with both values unless they are equal."""
    if got != want:
        raise AssertionError(f'{what + ": " if what else ""}got {got!r}, expected {want!r}')


def require(condition, message):
    if not condition:
        raise AssertionError(message)


def raises(expected, body, *arguments):
    """Fails unless `body` fails with OSError `expected` (an errno)."""
    import errno
    try:
        body(*arguments)
    except OSError as error:
        if error.errno != expected:
            raise AssertionError(f'{errno.errorcode.get(error.errno)} instead of {errno.errorcode[expected]}') from None
        return
    raise AssertionError(f'succeeded; expected {errno.errorcode[expected]}')
