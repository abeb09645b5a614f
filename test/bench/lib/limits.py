"""Figures beside the limits that they must keep to."""
HEAD = '| measured | figure | limit | verdict |\n| --- | ---: | ---: | --- |'


class Limit:
    """One figure, worded, and what it must keep to; without `limit` it is only shown. `note` says how it came about."""

    def __init__(self, title, figure, limit=None, holds=True, note=''):
        self.title, self.figure, self.limit, self.holds, self.note = title, figure, limit, holds, note

    def line(self):
        verdict = 'shown only' if self.limit is None else 'holds' if self.holds else 'misses'
        told = f'{verdict} ({self.note})' if self.note else verdict
        return f'| {self.title} | {self.figure} | {self.limit or "–"} | {told} |'


def all_hold(limits):
    """Prints them as they come; whether every one holds."""
    verdicts = []
    for limit in limits:
        print(limit.line() if verdicts else f'{HEAD}\n{limit.line()}', flush=True)
        verdicts.append(limit.holds)
    return all(verdicts)
