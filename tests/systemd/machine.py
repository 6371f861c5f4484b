"""What the tests do to the machine in the box: packages, users, configuration, questions to the daemon."""

import json
import re
import time
from pathlib import Path

from box import Box

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = ("libtwinmap0", "libtwinmap-dev", "twinmapd", "twinmap-tools")
SERVICE = "twinmapd.service"

MAP = """
[[map]]
name = "{name}"
key = "string"
value = "string"
max_bytes = "16MiB"
mode = "{mode}"
group = "twinmap"
"""


class Machine(Box):
    """Users: alice belongs to the group twinmap (once there is one), bob does not."""

    def __init__(self):
        super().__init__({str(SOURCE): "/repo"})

    # packages

    def debs(self, directory: str, *names: str) -> list[str]:
        found = [max((SOURCE / directory).glob(f"{name}_*.deb"), default=None) for name in names]
        if None in found:
            raise RuntimeError(f"{directory} has not all of {names}: run tools/packages")
        return [f"/repo/{directory}/{deb.name}" for deb in found]

    def install(self, directory: str = "build/packages", names: tuple[str, ...] = PACKAGES) -> str:
        return self.run("dpkg", "--install", *self.debs(directory, *names)).stdout

    def add_users(self) -> None:
        self.run("useradd", "--create-home", "--groups", "twinmap", "alice")
        self.run("useradd", "--create-home", "bob")

    # the service

    def systemctl(self, *arguments: str, check: bool = True):
        return self.run("systemctl", *arguments, check=check)

    def property(self, name: str, unit: str = SERVICE) -> str:
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def main_pid(self) -> int:
        return int(self.property("MainPID"))

    def configure(self, name: str, text: str) -> None:
        """Writes conf.d/<name>.toml."""
        self.write(f"/etc/twinmap/conf.d/{name}.toml", text)

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", 'cat >"$0"', path, stdin=text)

    def journal(self, unit: str = SERVICE) -> str:
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--output", "cat", "--unit", unit).stdout

    def wait_until(self, holds, seconds: float, what: str):
        deadline = time.monotonic() + seconds
        while not (result := holds()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.journal()}")
            time.sleep(0.05)
        return result

    def wait_until_restarted(self, old_pid: int, seconds: float) -> None:
        def restarted():
            return self.property("ActiveState") == "active" and self.main_pid() not in (0, old_pid)
        self.wait_until(restarted, seconds, f"{SERVICE} runs in another process than {old_pid}")

    # maps

    def twinmap(self, *arguments: str, user: str | None = None, check: bool = True):
        return self.run("twinmap", *arguments, user=user, check=check)

    def exit_of(self, *arguments: str, user: str | None = None) -> int:
        return self.twinmap(*arguments, user=user, check=False).returncode

    def value(self, map_name: str, key: str, user: str | None = None) -> str:
        return self.twinmap("get", map_name, key, user=user).stdout

    # the control socket

    def ask(self, method: str, path: str, body: str | None = None, user: str | None = None):
        """(status, parsed body), or (None, None) where the file system refuses the connection."""
        result = self.run("python3", "/repo/tests/systemd/request.py", method, path, *([body] if body else []),
                          user=user, check=False)
        if result.returncode == 13:
            return None, None
        if result.returncode != 0:
            raise AssertionError(f"{method} {path}: {result.stderr}")
        status, _, text = result.stdout.partition("\n")
        return int(status), json.loads(text) if re.match(r"\s*[{\[]", text) else text
