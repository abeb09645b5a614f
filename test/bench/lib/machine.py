"""What a measurement was made on, for whoever reads it later."""
import datetime
import os
import re
import subprocess


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
        return done.stdout.decode(errors='replace').strip().splitlines()[0]
    except (OSError, IndexError):
        return 'unknown'


def file_system(folder):
    """Type of the mount that holds `folder`."""
    best = ('', 'unknown')
    with open('/proc/self/mounts') as file:
        for line in file:
            _, point, kind, *_ = line.split()
            inside = folder == point or folder.startswith(point.rstrip('/') + '/')
            if inside and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


def huge_pages():
    """The setting in force: always, madvise, never."""
    try:
        with open('/sys/kernel/mm/transparent_hugepage/enabled') as file:
            return re.search(r'\[(\w+)\]', file.read())[1]
    except OSError:
        return 'unknown'


def shape(folder):
    """One line: processors, memory, kernel, file system of the disk rows, Node, nfs-ganesha."""
    with open('/proc/cpuinfo') as file:
        text = file.read()
    model = re.search(r'model name\s*: (.*)', text)
    with open('/proc/meminfo') as file:
        memory_gib = int(file.readline().split()[1]) / 2**20
    ganesha = re.search(r'[0-9]+\.[0-9.]+', first_line('ganesha.nfsd', '-v'))
    return (f'{os.cpu_count()} × {model[1].strip() if model else "unknown"}, {memory_gib:.0f} GiB, Linux '
            f'{os.uname().release}, {file_system(folder)}, transparent huge pages {huge_pages()}; Node {first_line("node", "--version")}, nfs-ganesha '
            f'{ganesha[0] if ganesha else "unknown"}')


def today():
    return datetime.date.today().isoformat()
