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
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb", "HOME": "/"}

# <sched.h>, <sys/mount.h>, <sys/prctl.h>
CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments) -> None:
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function.__name__}: {os.strerror(ctypes.get_errno())}")


def die_with_parent() -> None:
    call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)


def into_private_mounts() -> None:
    """Gives the process a mount namespace from which nothing reaches the machine's. Where / is a chroot it is no mount, so
    that unshare(1) cannot do it: the way there leads over the namespace's own root."""
    call(libc.unshare, CLONE_NEWNS)
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    call(libc.setns, namespace, CLONE_NEWNS)
    call(libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    os.fchdir(root)
    os.chroot(".")
    os.close(root)
    os.close(namespace)


def prepare() -> None:
    die_with_parent()
    into_private_mounts()


def remove_cgroups() -> None:
    """All that a box leaves behind: the empty cgroups of each whose maker, the pid in the name, is no more."""
    script = """mount -t cgroup2 cgroup2 /mnt && for group in /mnt/twinmap-box-*; do
                  [ -d "$group" ] && [ ! -d "/proc/${group##*-}" ] && find "$group" -depth -type d -exec rmdir {} +
                done"""
    subprocess.run(["sh", "-c", script], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   preexec_fn=into_private_mounts)


class Box:
    def __init__(self, shared: dict[str, str]):
        if os.geteuid() != 0:
            raise RuntimeError("no systemd can be booted here: that takes root")
        remove_cgroups()
        self.console = tempfile.TemporaryFile("w+")
        pairs = [f"{outside}:{inside}" for outside, inside in shared.items()]
        self.parent = subprocess.Popen(
            [HERE / "box_init", *pairs], stdin=subprocess.DEVNULL, stdout=self.console,
            stderr=subprocess.STDOUT, preexec_fn=prepare)
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
        remove_cgroups()
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
