package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// told adds one figure of each of these rounds.
func (f *figures) told(t *testing.T, c cell, counter string, byRound map[int]float64) {
	t.Helper()
	for round, value := range byRound {
		if err := f.add(c, sample{round, map[string]float64{counter: value}}, 7); err != nil {
			t.Fatal(err)
		}
	}
}

func five(value float64) map[int]float64 {
	return map[int]float64{1: value, 2: value, 3: value, 4: value, 5: value}
}

var ourHit, goHit = cell{ours, "hit", k1, 1}, cell{"go", "hit", k1, 1}

func TestARatioIsTheMedianOfTheRoundsRatios(t *testing.T) {
	f := newFigures()
	// The machine was ten times slower in round 2, and three times in round 3: for both.
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 10, 2: 100, 3: 30})
	f.told(t, goHit, nsPerOp, map[int]float64{1: 50, 2: 400, 3: 150})
	m, ok := f.ratio(nsPerOp, ourHit, goHit)
	if want := (measurement{0.2, 3}); !ok || m != want {
		t.Errorf("%v, want %v", m, want)
	}
}

func TestOnlyRoundsThatHaveBothCountInARatio(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 10, 2: 99, 3: 99})
	f.told(t, goHit, nsPerOp, map[int]float64{1: 50, 4: 1})
	if m, ok := f.ratio(nsPerOp, ourHit, goHit); !ok || m != (measurement{0.2, 1}) {
		t.Errorf("%v, want 0.2 from one round", m)
	}
}

func TestWithoutARoundInCommonARatioIsThatOfTheMedians(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 10, 2: 30, 3: 20})
	f.told(t, goHit, nsPerOp, map[int]float64{4: 90, 5: 110})
	if m, ok := f.ratio(nsPerOp, ourHit, goHit); !ok || m != (measurement{0.2, 2}) {
		t.Errorf("%v, want 0.2 from two rounds", m)
	}
}

func TestARoundThatAskedTwiceCountsOnce(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 10, 2: 20})
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 30})
	if m, ok := f.median(ourHit, nsPerOp); !ok || m != (measurement{20, 2}) {
		t.Errorf("%v, want 20 from two rounds", m)
	}
}

func TestNamesWithNumbersAreInTheOrderOfTheNumbers(t *testing.T) {
	names := []string{"hit", "shape:k8-v64", "shape:k16-v8", "shape:k16-v64-uniform", "shape:k16-v64-zipf", "shape:k16-v1048576"}
	for i, a := range names {
		for j, b := range names {
			if before(a, b) != (i < j) {
				t.Errorf("%s before %s: %v", a, b, i >= j)
			}
		}
	}
}

func TestTheMedianOfAnEvenNumberOfValuesLiesBetweenTheMiddleTwo(t *testing.T) {
	if m := median([]float64{9, 1, 4, 2}); m != 3 {
		t.Errorf("median of 9, 1, 4, 2: %v", m)
	}
}

func TestFiguresForOtherKeysAreRefused(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(5))
	one := sample{1, map[string]float64{nsPerOp: 5}}
	if err := f.add(goHit, one, 8); err == nil {
		t.Error("a figure measured with another sequence was accepted")
	}
	if err := f.add(goHit, one, 0); err != nil {
		t.Errorf("a figure that has no sequence: %v", err)
	}
	if err := f.add(cell{"go", "shape:k8", k1, 1}, one, 8); err != nil {
		t.Errorf("another question may have other keys: %v", err)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestBothKindsOfFilesAreReadWithAllTheirCounters(t *testing.T) {
	google := write(t, "round-3/a.json", `{"context": {}, "benchmarks": [{"name": "growth/twinmap/1000/1/iterations:1",
		"threads": 1, "real_time": 9, "ns_per_op": 60, "p9999_ns": 800, "sequence": 7}]}`)
	lines := write(t, "round-4/b.json", `{"contestant":"go","question":"growth","size":1000,"workers":1,"ns_per_op":90,"p9999_ns":900,"sequence":7}
{"contestant":"go","question":"miss_read_only","size":1000,"workers":2,"ns_per_op":80,"sequence":0}`)
	f, err := readAll([]string{google, lines})
	if err != nil {
		t.Fatal(err)
	}
	got := f.samples[cell{ours, "growth", k1, 1}]
	if len(got) != 1 || got[0].Round != 3 || len(got[0].Counters) != 2 || got[0].Counters["p9999_ns"] != 800 {
		t.Errorf("of Google Benchmark's file: %v", got)
	}
	got = f.samples[cell{"go", "growth", k1, 1}]
	if len(got) != 1 || got[0].Round != 4 || len(got[0].Counters) != 2 || got[0].Counters["p9999_ns"] != 900 {
		t.Errorf("of the file of lines: %v", got)
	}
	if len(f.samples[cell{"go_read_only", "miss", k1, 2}]) != 1 {
		t.Error("a handle that may only read is not a contestant of its own")
	}
}

func TestFilesThatCannotBeJudgedAreRefused(t *testing.T) {
	for why, name := range map[string]string{
		"failed":   write(t, "round-1/a.json", `{"benchmarks": [{"name": "hit/go/1/1", "error_occurred": true, "error_message": "lost"}]}`),
		"name":     write(t, "round-1/a.json", `{"benchmarks": [{"name": "hit/go/many/1", "ns_per_op": 1}]}`),
		"figures":  write(t, "round-1/a.json", `{"benchmarks": [{"name": "hit/go/1/1", "real_time": 1}]}`),
		"round":    write(t, "a.json", `{"benchmarks": []}`),
		"contents": write(t, "round-1/a.json", `{"contestant": "go"`),
	} {
		if _, err := readAll([]string{name}); err == nil {
			t.Errorf("a file whose %s is wrong was accepted", why)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
