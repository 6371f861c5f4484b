"""A booted systemd to test in: process 1 of its own namespaces over a throw-away copy of this machine's root.

    with Box({"/path/on/this/machine": "/path/inside"}) as box:
        box.run("systemctl", "status")

The box lives as long as the process that made it, however that ends: the kernel kills process 1 when its parent dies, and
with it everything inside.
"""

import ctypes
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOOT_SECONDS = 60
PR_SET_PDEATHSIG = 1
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb", "HOME": "/"}


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def remove_cgroups(name: str) -> None:
    """The empty cgroups of the box `name`. They are all that a box leaves behind."""
    script = ('mount -t cgroup2 cgroup2 /mnt && if [ -d "/mnt/$0" ]; then '
              'find "/mnt/$0" -depth -type d -exec rmdir {} + ; fi')
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, name], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Box:
    def __init__(self, shared: dict[str, str]):
        self.name = f"twinmap-box-{os.getpid()}"
        self.console = tempfile.TemporaryFile("w+")
        pairs = [f"{outside}:{inside}" for outside, inside in shared.items()]
        self.parent = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", HERE / "box_init", self.name, *pairs],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        self.pid = 0
        try:
            self._wait_until_booted()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Box":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.parent.kill()
        self.parent.wait()
        if self.pid:
            deadline = time.monotonic() + 10
            while Path(f"/proc/{self.pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        remove_cgroups(self.name)
        self.console.close()

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        state = ""
        while time.monotonic() < deadline:
            if self.parent.poll() is not None:
                raise RuntimeError(f"no systemd can be booted here:\n{self._said()}")
            if self._find_systemd():
                # Says `running`, or `degraded` if a unit of the machine's own does not like the box.
                state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"systemd has not booted within {BOOT_SECONDS} s, its state is '{state}':\n{self._said()}")

    def _find_systemd(self) -> bool:
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
            self.pid = int(children[0])
        return self.pid != 0

    def _said(self) -> str:
        self.console.seek(0)
        return self.console.read()

    def run(self, *command: str, user: str | None = None, check: bool = True, stdin: str | None = None,
            timeout: float = 120) -> subprocess.CompletedProcess:
        """Runs a command inside, as `user` if one is given, with the groups that this user has now."""
        as_user = ["runuser", "-u", user, "--"] if user else []
        result = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root",
             "--wd", "--", *as_user, *map(str, command)],
            env=ENVIRONMENT, text=True, capture_output=True, check=False, timeout=timeout,
            input="" if stdin is None else stdin)
        if check and result.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}: exit {result.returncode}\n"
                                 f"{result.stdout}{result.stderr}")
        return result
