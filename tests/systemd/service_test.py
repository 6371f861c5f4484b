#!/usr/bin/env python3
"""The service in a booted systemd, installed from the Debian packages in build/packages, with its sandbox on."""

import re
import unittest

from machine import MAP, SERVICE, Machine

WATCHDOG_SECONDS = 10
MOST_EXPOSURE = 1.5


class Service(unittest.TestCase):
    machine: Machine

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.close)
        cls.machine.install()
        cls.machine.add_users()
        cls.machine.configure("tests", MAP.format(name="sessions", mode="0664") + MAP.format(name="inside", mode="0660"))
        cls.machine.systemctl("restart", SERVICE)

    def tearDown(self):
        # Each test leaves the service as it found it, whatever it did.
        self.machine.systemctl("start", SERVICE)

    def test_a_member_of_the_group_writes_and_everybody_reads_what_the_mode_allows(self):
        m = self.machine
        m.twinmap("set", "sessions", "from", "alice", user="alice")
        self.assertEqual(m.value("sessions", "from", user="bob"), "alice")
        self.assertEqual(m.exit_of("set", "sessions", "from", "bob", user="bob"), 5)
        self.assertEqual(m.value("sessions", "from", user="alice"), "alice")
        m.twinmap("set", "inside", "from", "alice", user="alice")
        self.assertEqual(m.exit_of("get", "inside", "from", user="bob"), 5)

    def test_the_maps_belong_to_the_daemon_with_the_configured_group_and_mode(self):
        facts = self.machine.run("stat", "--format", "%U %G %a", "/dev/shm/twinmap.sessions",
                                 "/dev/shm/twinmap.inside").stdout.splitlines()
        self.assertEqual(facts, ["twinmap twinmap 664", "twinmap twinmap 660"])

    def test_stopping_and_starting_keeps_the_data(self):
        m = self.machine
        m.twinmap("set", "sessions", "kept", "by nobody", user="alice")
        m.systemctl("stop", SERVICE)
        self.assertEqual(m.value("sessions", "kept", user="bob"), "by nobody")
        m.twinmap("set", "sessions", "kept", "without a daemon", user="alice")
        m.systemctl("start", SERVICE)
        self.assertEqual(m.value("sessions", "kept", user="bob"), "without a daemon")

    def test_a_killed_daemon_comes_back_and_finds_its_maps(self):
        m = self.machine
        m.twinmap("set", "sessions", "survives", "kill -9", user="alice")
        pid = m.main_pid()
        m.run("kill", "-KILL", str(pid))
        m.wait_until_restarted(pid, 10)
        self.assertEqual(m.value("sessions", "survives", user="bob"), "kill -9")
        status, body = m.ask("GET", "/v1/maps/sessions")
        self.assertEqual(status, 200, body)

    def test_a_hung_daemon_is_restarted_by_the_watchdog(self):
        m = self.machine
        pid = m.main_pid()
        m.run("kill", "-STOP", str(pid))
        # Clients do not notice that it hangs.
        m.twinmap("set", "sessions", "while", "hung", user="alice")
        self.assertEqual(m.value("sessions", "while", user="bob"), "hung")
        m.wait_until_restarted(pid, 3 * WATCHDOG_SECONDS)
        self.assertIn("atchdog timeout", m.journal())

    def test_reload_adds_a_map(self):
        m = self.machine
        pid = m.main_pid()
        m.configure("more", MAP.format(name="more", mode="0660"))
        self.addCleanup(m.run, "rm", "/etc/twinmap/conf.d/more.toml")
        m.systemctl("reload", SERVICE)
        m.twinmap("set", "more", "key", "value", user="alice")
        self.assertEqual(m.main_pid(), pid)

    def test_a_bad_configuration_fails_the_reload_and_the_daemon_goes_on(self):
        m = self.machine
        pid = m.main_pid()
        m.configure("zz-bad", "[promotion]\nmax_age = 5\nmax_age = 6\n")
        self.addCleanup(m.run, "rm", "/etc/twinmap/conf.d/zz-bad.toml")
        self.assertNotEqual(m.systemctl("reload", SERVICE, check=False).returncode, 0)
        self.assertEqual(m.main_pid(), pid)
        self.assertEqual(m.ask("GET", "/healthz")[0], 200)

    def test_a_bad_configuration_ends_the_start_with_78_naming_file_and_line_and_nobody_tries_again(self):
        m = self.machine
        m.systemctl("stop", SERVICE)
        m.configure("zz-bad", "\n\n[daemon]\ndirectory = 17\n")
        try:
            self.assertNotEqual(m.systemctl("start", SERVICE, check=False).returncode, 0)
            self.assertEqual(m.property("ExecMainStatus"), "78")
            self.assertRegex(m.journal(), r"/etc/twinmap/conf\.d/zz-bad\.toml:4\b")
            self.assertEqual(m.property("ActiveState"), "failed")
            self.assertEqual(m.property("NRestarts"), "0")
        finally:
            m.run("rm", "/etc/twinmap/conf.d/zz-bad.toml")
            m.systemctl("reset-failed", SERVICE)
            m.systemctl("restart", "twinmapd.socket", SERVICE)

    def test_a_unit_ordered_after_the_service_finds_the_maps(self):
        m = self.machine
        m.write("/etc/systemd/system/needs-a-map.service",
                f"[Unit]\nWants={SERVICE}\nAfter={SERVICE}\n"
                "[Service]\nType=oneshot\nUser=alice\nExecStart=/usr/bin/twinmap set sessions ordered yes\n")
        m.systemctl("daemon-reload")
        m.systemctl("stop", SERVICE)
        m.twinmap("rm", "sessions")
        m.systemctl("start", "needs-a-map.service")
        self.assertEqual(m.value("sessions", "ordered"), "yes")

    def test_the_first_connection_starts_the_daemon(self):
        m = self.machine
        m.systemctl("stop", SERVICE)
        self.assertEqual(m.property("ActiveState", "twinmapd.socket"), "active")
        status, body = m.ask("GET", "/v1/maps")
        self.assertEqual(status, 200, body)
        self.assertEqual(m.property("ActiveState"), "active")

    def test_the_socket_is_closed_to_strangers_readable_to_the_group_and_open_to_root(self):
        m = self.machine
        self.assertEqual(m.ask("GET", "/v1/maps", user="bob"), (None, None))
        status, body = m.ask("GET", "/v1/maps", user="alice")
        self.assertEqual(status, 200, body)
        self.assertIn("sessions", str(body))
        new = '{"name": "asked", "key": "string", "value": "i64", "max_bytes": "16MiB"}'
        status, body = m.ask("POST", "/v1/maps", new, user="alice")
        self.assertEqual(status, 403, body)
        self.assertEqual(set(body["error"]), {"code", "message"})
        self.assertEqual(m.ask("DELETE", "/v1/maps/sessions", user="alice")[0], 403)
        self.assertEqual(m.ask("POST", "/v1/maps", new, user="twinmap")[0], 201)
        self.assertIn(m.ask("DELETE", "/v1/maps/asked")[0], (200, 204))

    def test_a_map_that_somebody_of_the_group_makes_is_cared_for(self):
        m = self.machine
        m.twinmap("create", "alices", "--key", "string", "--value", "i64", "--max-bytes", "16M", "--mode", "0660",
                  "--group", "twinmap", user="alice")
        m.wait_until(lambda: m.ask("GET", "/v1/maps/alices")[0] == 200, 10, "the daemon knows alice's map")
        status, body = m.ask("POST", "/v1/maps/alices/promote")
        self.assertEqual(status, 200, body)
        m.twinmap("rm", "alices", user="alice")

    def test_systemd_verifies_the_units_and_finds_little_exposure(self):
        m = self.machine
        verified = m.run("systemd-analyze", "verify", f"/lib/systemd/system/{SERVICE}",
                         "/lib/systemd/system/twinmapd.socket", check=False)
        ours = [line for line in verified.stderr.splitlines() if "twinmap" in line]
        self.assertEqual((verified.returncode, ours), (0, []))
        security = m.run("systemd-analyze", "security", "--offline=true", f"/lib/systemd/system/{SERVICE}").stdout
        exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", security).group(1))
        self.assertLessEqual(exposure, MOST_EXPOSURE, security)

    def test_the_sandbox_is_on(self):
        m = self.machine
        pid = m.main_pid()
        status = m.run("cat", f"/proc/{pid}/status").stdout
        self.assertRegex(status, r"Seccomp:\s+2")
        self.assertRegex(status, r"CapBnd:\s+0+\n")
        self.assertRegex(status, r"NoNewPrivs:\s+1")
        # --root: where the machine of the test is a chroot, its namespace begins elsewhere.
        inside = ["nsenter", "--target", str(pid), "--mount", "--root", "--setuid", "0"]
        self.assertNotEqual(m.run(*inside, "touch", "/usr/touched", check=False).returncode, 0)
        self.assertEqual(m.run(*inside, "touch", "/dev/shm/touched", check=False).returncode, 0)
        m.run("rm", "/dev/shm/touched")

    def test_the_daemon_logs_to_the_journal_with_priorities(self):
        m = self.machine
        m.run("journalctl", "--sync")
        priorities = set(m.run("journalctl", "--unit", SERVICE, "--output", "json", "--output-fields=PRIORITY",
                               "_COMM=twinmapd").stdout.split('"PRIORITY":"')[1:])
        self.assertTrue(priorities, m.journal())
        self.assertTrue(all(each[0] in "34567" for each in priorities))


if __name__ == "__main__":
    unittest.main(verbosity=2)
