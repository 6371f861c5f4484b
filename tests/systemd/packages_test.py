#!/usr/bin/env python3
"""The Debian packages in build/packages: installed, upgraded to those in build/packages/next, removed, purged."""

import sys
import unittest

from machine import MAP, PACKAGES, SERVICE, Machine

# What is written while packages come and go and belongs to dpkg, systemd or the log-in database. Their entries about us are
# looked at by themselves.
OTHERS = ("/var/lib/dpkg", "/var/lib/systemd", "/var/log", "/var/cache", "/run/systemd", "/run/log", "/etc/ld.so.cache",
          "/etc/.pwd.lock", *(f"/etc/{file}{end}" for file in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
                              for end in ("", "-")))
NEXT = "build/packages/next"
ATTACH = """
#include <twinmap/map.hpp>
#include <cstdio>
int main() {
  twinmap::map<std::string, std::string> map(twinmap::open_read_only, "sessions");
  std::printf("%s", map.load("key").value_or("absent").c_str());
}
"""


def files(machine: Machine) -> set[str]:
    """Everything that was written in the box and is still there."""
    written = machine.run("find", "/run/written", "!", "-type", "d", "!", "-type", "c", "-printf", "/%P\n").stdout
    volatile = machine.run("find", "/run", "/dev/shm", "-xdev", "!", "-type", "d").stdout
    return {path for path in (written + volatile).splitlines() if not path.startswith(OTHERS)}


def directories(machine: Machine) -> set[str]:
    """Those that bear our name."""
    return set(machine.run("find", "/etc", "/usr", "/lib", "/var/lib", "/run", "-xdev", "-type", "d", "-name", "*twinmap*",
                           "-not", "-path", "/run/written/*").stdout.splitlines())


class Packages(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.close)

    def version(self) -> str:
        return self.machine.run("dpkg-query", "--show", "--showformat=${Version}", "twinmapd").stdout

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
        before = self.version()
        m.install(NEXT)
        m.wait_until_restarted(pid, 20)
        self.assertEqual(m.value("sessions", "key", user="bob"), "kept")
        m.run("dpkg", "--compare-versions", self.version(), "gt", before)

    def test_what_the_administrator_decided_survives_an_upgrade(self):
        m = self.installed()
        m.systemctl("disable", "--now", SERVICE, "twinmapd.socket")
        m.run("sh", "-c", "echo '# mine' >>/etc/twinmap/twinmapd.toml")
        m.install(NEXT)
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
        self.assertTrue(directories(m))
        m.run("/usr/bin/python3", "-c", "import twinmap")  # whose compiled form no package lists
        m.twinmap("create", "alices", "--key", "string", "--value", "i64", "--mode", "0600", user="alice")
        m.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")  # as in images of containers: no service may be touched
        m.run("chmod", "755", "/usr/sbin/policy-rc.d")
        m.run("dpkg", "--purge", *PACKAGES)
        m.run("rm", "/usr/sbin/policy-rc.d")
        theirs = {"/dev/shm/twinmap.alices", "/dev/shm/twinmap.alices.lock"}
        of_users = {path for path in files(m) if path.startswith(("/home", "/var/mail"))}
        self.assertEqual(files(m) - before - of_users, theirs)
        self.assertEqual(directories(m), set())
        self.assertNotEqual(m.run("pgrep", "twinmapd", check=False).returncode, 0)
        for database in ("passwd", "group"):
            self.assertNotEqual(m.run("getent", database, "twinmap", check=False).returncode, 0, database)
        self.assertEqual(m.run("find", "/var/lib/systemd", "/var/lib/dpkg/info", "-name", "*twinmap*").stdout, "")
        self.assertEqual(m.property("LoadState"), "not-found")

    def test_a_program_of_a_stranger_reads_by_name(self):
        m = self.installed()
        m.write("/tmp/attach.cpp", ATTACH)
        m.run("sh", "-c", "cd /tmp && g++ -std=c++20 attach.cpp -o attach $(pkg-config --cflags --libs twinmap)")
        self.assertEqual(m.run("/tmp/attach", user="bob").stdout, "kept")

    def test_the_recipes_build_from_the_packages_and_do_what_they_say(self):
        m = self.machine
        m.install()

        def shell(command: str) -> str:
            return m.run("sh", "-ec", "cd /tmp/recipes; " + command).stdout

        m.run("cp", "-r", "/repo/lib/examples", "/tmp/recipes")
        shell("cmake -G Ninja -S . -B . -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release && cmake --build .")
        shell("./feature_flags set new-checkout on")
        self.assertEqual(shell("./feature_flags ask new-checkout; ./feature_flags ask old"), "on\noff\n")
        self.assertEqual(shell("/usr/bin/python3 flags.py old on"), "new-checkout on\nold on\n")
        self.assertEqual(set(shell("./counters").splitlines()), {"requests: 3500", "clean exits: 3"})
        self.assertEqual(shell("./counters_c && ./counters_c"), "requests: 3500\nrequests: 3501\n")
        self.assertEqual(shell("./record_cache 7 8; ./record_cache 7"), "customer 7: 70.00 (asked)\n"
                         "customer 8: 80.00 (asked)\ncustomer 7: 70.00 (cached)\n")
        for target in ("one", "two", "three"):
            shell(f"./hot_reload publish /start {target} /{target} here")
            self.assertEqual(shell(f"./hot_reload route /start; ./hot_reload route /{target}"), f"{target}\nhere\n")
        self.assertEqual(shell("./hot_reload route /two"), "404\n")
        shell("gcc -std=c11 -Wall -Wextra -Wpedantic -Werror counters.c -o by-pkg-config "
              "$(pkg-config --cflags --libs twinmap) && ./by-pkg-config")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
