"""Judges one check from its log: verdict.py CHECK STATUS SECONDS LOG KNOWN_FAILURES. Prints its `ok` or `not ok` line and
what explains it; exits with 0 (ok), 1 (not ok) or 77 (skipped). A check that showed no step has not passed."""
import re
import sys


def known_failures(path, check):
    with open(path) as file:
        rows = [line.rstrip('\n').split('\t') for line in file if line.strip() and not line.startswith('#')]
    if any(len(row) != 3 for row in rows):
        raise SystemExit(f'{path}: a line is CHECK <tab> STEP <tab> REASON')
    return {step: reason for name, step, reason in rows if name == check}


def steps_of(log):
    passed, failed, skipped = {}, {}, {}
    with open(log, errors='replace') as file:
        for line in file:
            match = re.match(r'(ok|not ok|skip) - (.*)$', line.rstrip('\n'))
            if match:
                name, _, note = match[2].partition('  # ')
                {'ok': passed, 'not ok': failed, 'skip': skipped}[match[1]][name] = note
    return passed, failed, skipped


def main():
    check, status, seconds, log, known_path = sys.argv[1:]
    status = int(status)
    known = known_failures(known_path, check)
    passed, failed, skipped = steps_of(log)
    if status == 77:
        reason = next(reversed(skipped), 'no reason given')
        print(f'ok {check} # SKIP {reason}')
        sys.exit(77)
    faults = [f'not ok - {name}: {reason}' for name, reason in failed.items() if name not in known]
    faults += [f'passed, but is listed in known-failures.txt: {name}' for name in passed if name in known]
    faults += [f'is listed in known-failures.txt, but was not run: {name}' for name in known
               if name not in passed and name not in failed]
    if status in (124, 137):
        faults.append('ran out of time and was killed')
    elif status not in (0, 1):
        faults.append(f'ended with status {status}')
    elif status == 1 and not failed:
        faults.append('ended with status 1 without a failed step')
    if not passed:
        faults.append('no step passed')
    expected = sum(name in known for name in failed)
    notes = f'{len(passed)} steps' + (f', {expected} known to fail' if expected else '')
    print(f'{"not ok" if faults else "ok"} {check} # {notes}, {seconds} s')
    for name, reason in skipped.items():
        print(f'#   skipped: {name}: {reason}')
    for fault in faults:
        print(f'#   {fault}')
    sys.exit(1 if faults else 0)


main()
