"""jupyter console in a terminal: a cell of several lines, its result, and the end."""

import os
import pty
import re
import select
import subprocess
import sys
import time

master, slave = pty.openpty()
environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
command = [sys.executable, "-m", "jupyter_console", "--kernel", "gradbook"]
console = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True, start_new_session=True)
os.close(slave)
seen = ""


def expect(pattern, seconds=30):
    """Reads until the terminal shows the pattern."""
    global seen
    end = time.time() + seconds
    while time.time() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                text = os.read(master, 65536).decode("utf-8", "replace")
            except OSError:
                text = ""
            # prompt_toolkit asks where the cursor is and waits for the answer.
            for _ in range(text.count("\x1b[6n")):
                os.write(master, b"\x1b[1;1R")
            seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", text)
        if re.search(pattern, seen):
            seen = ""
            return
    raise AssertionError(f"{pattern!r} did not come: {seen!r}")


def type_line(text):
    os.write(master, (text + "\r").encode())
    time.sleep(0.3)


try:
    expect(r"In \[1\]")
    type_line("6 * 7")
    expect(r"Out\[1\]: ?\n?42")
    type_line("function twice(n: number) {")
    type_line("return 2 * n")
    type_line("}")
    type_line("")
    type_line("twice(21)")
    expect(r"Out\[\d+\]: ?\n?42")
    type_line("exit")
    console.wait(20)
finally:
    console.kill()
print("console: fine")
