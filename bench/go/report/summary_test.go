package main

import (
	"strings"
	"testing"
)

func summaryRow(t *testing.T, f *figures, beginning string) []string {
	t.Helper()
	for _, row := range summaryTable(judge(f)).rows {
		if strings.HasPrefix(row[1], beginning) {
			return row
		}
	}
	t.Fatalf("no row about %q", beginning)
	return nil
}

func TestTheSizesOfARequirementStandInOneRow(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(10))
	f.told(t, goHit, nsPerOp, five(100))
	f.told(t, cell{ours, "hit", m1, 1}, nsPerOp, map[int]float64{1: 30})
	f.told(t, cell{"go", "hit", m1, 1}, nsPerOp, map[int]float64{1: 100})
	want := []string{"3", "hit / Go's sync.Map, 1 k / 100 k / 1 M / 10 M", "0.100 / – / 0.300 / – (1 of 5 rounds)",
		"≤ 0.25 / ≤ 0.25 / ≤ 0.25 / ≤ 0.37", "≤ 0.15 / ≤ 0.18 / ≤ 0.18 / ≤ 0.3",
		"goal met / not measured / MISSED / not measured"}
	if got := summaryRow(t, f, "hit / Go's sync.Map, 1 k"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	want = []string{"11", "hit / memcached, 1 k / 1 M", "– / –", "≤ 0.002", "", notMeasured}
	if got := summaryRow(t, f, "hit / memcached"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestOfGosListTheWorstIsShown(t *testing.T) {
	f := fillGolist(t, golist[1:])
	f.told(t, cell{ours, "golist:" + golist[0], 1024, 2}, nsPerOp, five(70))
	f.told(t, cell{"go", "golist:" + golist[0], 1024, 2}, nsPerOp, five(100))
	want := []string{"4", "each of Go's list, 24 of 24 measured; the worst: " + golist[0] + " / Go, 2 workers", "0.700",
		"≤ 0.6", "≤ 0.4", "MISSED by 1"}
	if got := summaryRow(t, f, "each of Go's list"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := summaryRow(t, f, listMedian); got[5] == notMeasured {
		t.Errorf("the median has no row of its own: %q", got)
	}
}
