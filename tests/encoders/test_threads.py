"""Threads that share a model and compute alone."""

import subprocess
import sys

PROGRAM = """
import threading, torch
from collections_app.encoders import use_one_thread
counts = []
def count(): counts.append(torch.get_num_threads())
def count_alone(): count(); use_one_thread(); count()
torch.set_num_threads(2)
count()
thread = threading.Thread(target=count_alone); thread.start(); thread.join()
count()
print(*counts)
"""


def test_thread_computes_alone_and_others_keep_their_threads() -> None:
    """In a process of its own, because torch's number of threads cannot be restored."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "2", "1", "2"]
