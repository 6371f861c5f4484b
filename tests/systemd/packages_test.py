#!/usr/bin/env python3
"""The Debian packages in build/packages: installed, upgraded to those in build/packages/<next version>, removed, purged."""

import sys
import unittest

from machine import MAP, PACKAGES, SERVICE, SOURCE, Machine

# What changes while packages come and go and belongs to dpkg, systemd, the log-in database or the journal. Their lines about
# us are looked at by themselves.
OTHERS = ("/proc", "/sys", "/repo", "/mnt", "/tmp", "/var/lib/dpkg", "/var/lib/systemd", "/var/log", "/var/cache", "/run/systemd",
          "/run/log", "/dev/pts", "/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-",
          "/etc/.pwd.lock", "/etc/ld.so.cache")
ATTACH = """
#include <twinmap/map.hpp>
#include <cstdio>
int main() {
  twinmap::map<std::string, std::string> map(twinmap::open_read_only, "sessions");
  std::printf("%s", map.load("key").value_or("absent").c_str());
}
"""


def next_version() -> str:
    versions = sorted(path.name for path in (SOURCE / "build/packages").iterdir()
                      if path.is_dir() and path.name[0].isdigit())
    if not versions:
        raise RuntimeError("there is no later version in build/packages/: run tools/packages --version X.Y.Z")
    return versions[-1]


def files(machine: Machine) -> set[str]:
    prune = [part for path in OTHERS for part in ("-path", path, "-prune", "-o")]
    return set(machine.run("find", "/", *prune, "-print").stdout.splitlines())


class Packages(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)

    def installed(self) -> Machine:
        m = self.machine
        m.install()
        m.add_users()
        m.configure("tests", MAP.format(name="sessions", mode="0664"))
        m.systemctl("reload", SERVICE)
        m.twinmap("set", "sessions", "key", "kept", user="alice")
        return m

    def test_installing_enables_and_starts(self):
        m = self.machine
        m.install()
        for unit in (SERVICE, "twinmapd.socket"):
            self.assertEqual(m.property("UnitFileState", unit), "enabled", unit)
            self.assertEqual(m.property("ActiveState", unit), "active", m.journal())
        self.assertEqual(m.ask("GET", "/healthz")[0], 200)
        m.systemctl("disable", "--now", SERVICE, "twinmapd.socket")
        m.systemctl("enable", "--now", SERVICE)
        self.assertEqual(m.property("ActiveState"), "active")

    def test_an_upgrade_keeps_the_data_and_runs_the_new_daemon(self):
        m = self.installed()
        pid = m.main_pid()
        m.install(f"build/packages/{next_version()}")
        m.wait_until_restarted(pid, 20)
        self.assertEqual(m.value("sessions", "key", user="bob"), "kept")
        version = m.run("dpkg-query", "--show", "--showformat=${Version}", "twinmapd").stdout
        self.assertTrue(version.startswith(next_version()), version)

    def test_what_the_administrator_decided_survives_an_upgrade(self):
        m = self.installed()
        m.systemctl("disable", "--now", SERVICE, "twinmapd.socket")
        m.run("sh", "-c", "echo '# mine' >>/etc/twinmap/twinmapd.toml")
        m.install(f"build/packages/{next_version()}")
        self.assertEqual(m.property("UnitFileState"), "disabled")
        self.assertEqual(m.property("ActiveState"), "inactive")
        self.assertIn("# mine", m.run("cat", "/etc/twinmap/twinmapd.toml").stdout)

    def test_removing_leaves_data_and_configuration(self):
        m = self.installed()
        m.run("dpkg", "--remove", "twinmapd")
        self.assertEqual(m.value("sessions", "key", user="bob"), "kept")
        m.run("test", "-f", "/etc/twinmap/conf.d/tests.toml")
        m.install(names=("twinmapd",))
        self.assertEqual(m.property("ActiveState"), "active", m.journal())
        self.assertEqual(m.ask("GET", "/v1/maps/sessions")[0], 200)

    def test_purging_leaves_nothing(self):
        m = self.machine
        before = files(m)
        self.installed()
        m.run("python3", "-c", "import twinmap")  # whose compiled form no package lists
        m.twinmap("create", "alices", "--key", "string", "--value", "i64", "--mode", "0600", user="alice")
        m.run("dpkg", "--purge", *PACKAGES)
        theirs = {"/dev/shm/twinmap.alices", "/dev/shm/twinmap.alices.lock"}
        homes = {path for path in files(m) if path.startswith(("/home/alice", "/home/bob", "/var/mail"))}
        self.assertEqual(files(m) - before - homes, theirs)
        for database in ("passwd", "group"):
            self.assertNotEqual(m.run("getent", database, "twinmap", check=False).returncode, 0, database)
        self.assertEqual(m.run("find", "/var/lib/systemd", "/var/lib/dpkg/info", "-name", "*twinmap*").stdout, "")
        self.assertEqual(m.property("LoadState"), "not-found")

    def test_a_program_of_a_stranger_reads_by_name(self):
        m = self.installed()
        m.write("/tmp/attach.cpp", ATTACH)
        m.run("sh", "-c", "cd /tmp && g++ -std=c++20 attach.cpp -o attach $(pkg-config --cflags --libs twinmap)")
        self.assertEqual(m.run("/tmp/attach", user="bob").stdout, "kept")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
