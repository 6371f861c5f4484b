package main

import (
	"strings"
	"testing"
)

// only returns the one verdict whose text is what.
func only(t *testing.T, verdicts []verdict, what string) (found verdict) {
	t.Helper()
	count := 0
	for _, v := range verdicts {
		if v.cells()[1] == what {
			found = v
			count++
		}
	}
	if count != 1 {
		t.Fatalf("%d verdicts on %q", count, what)
	}
	return found
}

func TestWhatMustBeReachedIsMetUpToItsLimitAndMissedBeyond(t *testing.T) {
	for _, example := range []struct {
		own  float64
		want string
	}{{15, reached}, {15.1, met}, {25, met}, {25.1, missed}} {
		f := newFigures()
		f.told(t, ourHit, nsPerOp, five(example.own))
		f.told(t, goHit, nsPerOp, five(100))
		if v := only(t, judge(f), "hit / Go's sync.Map, 1 k"); v.Verdict != example.want || v.Line != 3 {
			t.Errorf("%v of 100: %+v, want %s", example.own, v, example.want)
		}
	}
}

func TestWhatMustBeAtLeastIsMissedBelowItsLimit(t *testing.T) {
	for _, example := range []struct {
		two  float64 // ns of one of two workers, of 90 that one alone needs
		want string
	}{{100, met}, {101, missed}} {
		f := newFigures()
		f.told(t, cell{ours, "stores_disjoint", m1, 1}, nsPerOp, five(90))
		f.told(t, cell{ours, "stores_disjoint", m1, 2}, nsPerOp, five(example.two))
		v := only(t, judge(f), "throughput of 2 processes storing to disjoint keys / of 1, 1 M")
		if v.Verdict != example.want || !near(v.Measured, 180/example.two) {
			t.Errorf("%v after 90: %+v, want %s", example.two, v, example.want)
		}
	}
}

func TestAFigureWithoutARivalIsJudgedItself(t *testing.T) {
	f := newFigures()
	f.told(t, cell{ours, "growth", m10, 1}, "p9999_ns", five(49000))
	f.told(t, cell{ours, "bytes", m10, 1}, "bytes_per_entry_both", five(58.5))
	if v := only(t, judge(f), "p99.99 of reads while the map grows from empty, reader's CPU clock, 10 M"); v.Verdict != met || !near(v.Measured, 49) {
		t.Errorf("49 µs of 50: %+v", v)
	}
	if v := only(t, judge(f), "bytes per entry while read and dirty both stand, 10 M"); v.Verdict != missed {
		t.Errorf("58.5 bytes of 58: %+v", v)
	}
}

func TestAHandleThatMayOnlyReadIsJudgedToo(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(10))
	f.told(t, cell{ours, "hit" + readOnly, k1, 1}, nsPerOp, five(90))
	f.told(t, goHit, nsPerOp, five(100))
	if v := only(t, judge(f), "hit / Go's sync.Map, read-only handle, 1 k"); v.Verdict != missed {
		t.Errorf("90 of 100: %+v", v)
	}
}

func TestTheReaderAloneOfTheSameProgramIsPreferredToAHit(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(10))
	f.told(t, cell{ours, "beside", k1, 1}, nsPerOp, five(50))
	what := "hit beside a writer at full speed / hit alone, 1 k"
	if v := only(t, judge(f), what); v.Verdict != missed || !near(v.Measured, 5) {
		t.Errorf("50 beside, 10 of a hit: %+v", v)
	}
	f.told(t, cell{ours, "beside_alone", k1, 1}, nsPerOp, five(20))
	if v := only(t, judge(f), what); v.Verdict != reached || !near(v.Measured, 2.5) {
		t.Errorf("50 beside, 20 alone: %+v", v)
	}
}

func TestTheMedianOfPassesThatTookTurnsIsPreferred(t *testing.T) {
	f := newFigures()
	f.told(t, cell{ours, "beside", k1, 1}, nsPerOp, five(50))
	f.told(t, cell{ours, "beside_alone", k1, 1}, nsPerOp, five(10))
	f.told(t, cell{ours, "beside", k1, 1}, "ratio_to_alone", five(2.6))
	if v := only(t, judge(f), "hit beside a writer at full speed / hit alone, 1 k"); v.Verdict != met || !near(v.Measured, 2.6) {
		t.Errorf("2.6 times as long in turn: %+v", v)
	}
	f.told(t, cell{ours, "hits_scaling", m1, 2}, nsPerOp, five(50))
	f.told(t, cell{ours, "hits_scaling", m1, 1}, nsPerOp, five(50))
	f.told(t, cell{ours, "hits_scaling", m1, 2}, "throughput_ratio", five(1.89))
	if v := only(t, judge(f), "throughput of 2 processes reading / of 1, 1 M"); v.Verdict != missed || !near(v.Measured, 1.89) {
		t.Errorf("1.89 times as much in turn: %+v", v)
	}
}

func TestWhatWasNotMeasuredIsNotMet(t *testing.T) {
	f := newFigures()
	f.told(t, goHit, nsPerOp, five(100))
	for _, v := range judge(f) {
		if v.Verdict != notMeasured {
			t.Errorf("twinmap was not measured: %+v", v)
		}
	}
}

func fillGolist(t *testing.T, names []string) *figures {
	f := newFigures()
	for i, name := range names {
		contestant := goContestants[i%2]
		f.told(t, cell{ours, "golist:" + name, 1024, 2}, nsPerOp, five(float64(i+1)))
		f.told(t, cell{contestant, "golist:" + name, 1024, 2}, nsPerOp, five(100))
	}
	return f
}

func TestGosListIsJudgedOneByOneAndByItsMedian(t *testing.T) {
	verdicts := judge(fillGolist(t, golist))
	if v := only(t, verdicts, golist[1]+" / Go, 2 workers"); v.Verdict != reached || !near(v.Measured, 0.02) {
		t.Errorf("2 of 100 that an RWMutex map needs: %+v", v)
	}
	if v := only(t, verdicts, listMedian); v.Verdict != reached || !near(v.Measured, 0.125) {
		t.Errorf("of 0.01 to 0.24: %+v", v)
	}
	if v := only(t, judge(fillGolist(t, golist[1:])), listMedian); v.Verdict != notMeasured {
		t.Errorf("of a list that lacks one: %+v", v)
	}
}

func TestAMedianOfTooFewRoundsSaysSo(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, map[int]float64{1: 10, 2: 10})
	f.told(t, goHit, nsPerOp, five(100))
	v := only(t, judge(f), "hit / Go's sync.Map, 1 k")
	if got := v.cells()[2]; got != "0.100 (2 of 5 rounds)" {
		t.Errorf("measured: %q", got)
	}
	f.told(t, ourHit, nsPerOp, map[int]float64{3: 10, 4: 10, 5: 10})
	v = only(t, judge(f), "hit / Go's sync.Map, 1 k")
	if got := v.cells()[2]; got != "0.100" {
		t.Errorf("measured in five rounds: %q", got)
	}
}

func TestEnforcingFailsOnAMissAndWhenNothingWasJudged(t *testing.T) {
	for _, example := range []struct {
		own  float64
		want bool
	}{{20, true}, {30, false}} {
		f := newFigures()
		f.told(t, ourHit, nsPerOp, five(example.own))
		f.told(t, goHit, nsPerOp, five(100))
		if passes(judge(f)) != example.want {
			t.Errorf("%v of 100 where 25 are allowed: passes is %v", example.own, !example.want)
		}
	}
	if passes(judge(newFigures())) {
		t.Error("a run that judged nothing passes")
	}
}

func TestEachLineOfTheRequirementsIsJudgedAtEachOfItsSizes(t *testing.T) {
	got := map[int]int{}
	for _, v := range judge(newFigures()) {
		got[v.Line]++
	}
	// Lines 1, 3 and 11 (LMDB, Boost): four sizes and two handles; line 4: the list and its median.
	want := map[int]int{1: 8, 2: 2, 3: 8, 4: 25, 5: 2, 6: 8, 7: 2, 8: 2, 9: 1, 10: 2, 11: 20}
	for line, count := range want {
		if got[line] != count {
			t.Errorf("line %d has %d verdicts, want %d", line, got[line], count)
		}
	}
}

func TestTheVerdictsOfAMarkdownTableStandInOrderWithTheirLimits(t *testing.T) {
	f := newFigures()
	f.told(t, ourHit, nsPerOp, five(10))
	f.told(t, goHit, nsPerOp, five(100))
	var text strings.Builder
	verdictTable(judge(f), false).writeMarkdown(&text)
	want := "### What is required of twinmap\n\n" +
		"| line | what | measured | must | goal | verdict |\n| --- | --- | --: | --: | --: | --: |\n" +
		"| 3 | hit / Go's sync.Map, 1 k | 0.100 | ≤ 0.25 | ≤ 0.15 | goal met |\n"
	if !strings.HasPrefix(text.String(), want) {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
}
