package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// measured has something for each picture.
func measured(t *testing.T) *figures {
	f := fillGolist(t, golist)
	for _, size := range []int{k1, m1} {
		for _, contestant := range []string{ours, "go", "nobody knows"} {
			f.told(t, cell{contestant, "hit", size, 1}, nsPerOp, five(31.234567))
			f.told(t, cell{contestant, "beside", size, 1}, nsPerOp, five(40))
			f.told(t, cell{contestant, bytesQuestion, size, 1}, "bytes_per_entry", five(41))
			for _, q := range latencyQuestions {
				for _, p := range percentiles {
					f.told(t, cell{contestant, q.name, size, 1}, p.counter, five(200))
					f.told(t, cell{contestant, q.name, size, 1}, wallClock+p.counter, five(300))
				}
			}
		}
	}
	return f
}

func TestWhatWasKeptIsJudgedAndDrawnTheSameWhenReadAgain(t *testing.T) {
	f, m := measured(t), machine{CPU: "a processor", Date: "a day", Packages: map[string]string{"lmdb": "1"}}
	first, second := filepath.Join(t.TempDir(), "new/first"), t.TempDir()
	if err := keep(first, f, m, judge(f)); err != nil {
		t.Fatal(err)
	}
	g, again, err := readKept(filepath.Join(first, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(second, "earlier.svg")
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := keep(second, g, again, judge(g)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a picture of an earlier run is still there")
	}
	for _, name := range []string{"results.json", "table.md", "reads.svg", "beside.svg", "growth.svg", "latency.svg",
		"bytes.svg", "golist.svg"} {
		a, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Error(err)
		}
		b, err := os.ReadFile(filepath.Join(second, name))
		if err != nil || string(a) != string(b) {
			t.Errorf("%s changes when it is read again (%v)", name, err)
		}
	}
}

func TestAQuestionThatWasNotAskedHasNoPicture(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(10))
	drawn := pictures(f, machine{})
	if len(drawn) != 1 || drawn[0].file != "reads.svg" {
		t.Errorf("%d pictures of hits alone", len(drawn))
	}
}

func TestAReadmeShowsTheRunBetweenItsMarkers(t *testing.T) {
	f := measured(t)
	old := "before\n" + beginMarker + "\nan older run\n" + endMarker + "\nafter\n"
	readme := write(t, "README.md", old)
	directory := filepath.Join(filepath.Dir(readme), "bench/results/today")
	for i := 0; i < 2; i++ { // the second time replaces what the first wrote
		if err := updateReadme(readme, directory, f, machine{Date: "a day"}, judge(f)); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := os.ReadFile(readme)
	for _, want := range []string{"before\n" + beginMarker + "\n", "a day", "](bench/results/today/reads.svg)",
		"](bench/results/today/table.md)", "| 3 | hit / Go's sync.Map, 1 k / 100 k / 1 M / 10 M |", endMarker + "\nafter\n"} {
		if strings.Count(string(text), want) != 1 {
			t.Errorf("%q is there %d times in\n%s", want, strings.Count(string(text), want), text)
		}
	}
	if strings.Contains(string(text), "an older run") {
		t.Error("the older run is still there")
	}
}

func TestAReadmeWithoutMarkersIsLeftAlone(t *testing.T) {
	readme := write(t, "README.md", endMarker+beginMarker)
	if err := updateReadme(readme, filepath.Dir(readme), newFigures(), machine{}, nil); err == nil {
		t.Error("markers in the wrong order were accepted")
	}
	if text, _ := os.ReadFile(readme); string(text) != endMarker+beginMarker {
		t.Errorf("it became %s", text)
	}
}

func TestAMachineIsBusyWhenItsLoadWas(t *testing.T) {
	for load, want := range map[string]bool{"0.1,2.1": false, "2.6,0.1": true, "0.1,3": true, "": false} {
		var m machine
		m.finish(load)
		if m.Busy != want {
			t.Errorf("load %s: busy is %v", load, m.Busy)
		}
	}
}

func TestResultsAreNamedAfterDateAndMachine(t *testing.T) {
	m := machine{Date: "2026-01-02 03:04 UTC", CPU: "Intel(R) Xeon(R) Gold 6226 CPU @ 2.70GHz", Processors: 24}
	if got := m.name(); got != "2026-01-02-intel-xeon-gold-6226-24-processors" {
		t.Errorf("the name is %s", got)
	}
}

func TestWhatTheKernelSaysAboutTheMachineIsUnderstood(t *testing.T) {
	if got := chosen("always [madvise] never\n"); got != "madvise" {
		t.Errorf("the chosen word is %q", got)
	}
	mounts := "/dev/vda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw,huge=always 0 0\ntmpfs /dev tmpfs ro 0 0\n"
	for directory, want := range map[string]string{"/dev/shm": "tmpfs rw,huge=always", "/dev/shm/maps": "tmpfs rw,huge=always",
		"/dev/shmem": "tmpfs ro", "/var/tmp": "ext4 rw"} {
		if got := fileSystemOf(directory, mounts); got != want {
			t.Errorf("%s is on %q, want %q", directory, got, want)
		}
	}
	if got := cacheEntry("A:STRING=b c\nCMAKE_CXX_FLAGS:STRING=-O2\n", "CMAKE_CXX_FLAGS"); got != "-O2" {
		t.Errorf("the flags are %q", got)
	}
}
