package main

import "testing"

func filledFigures(t *testing.T, own, gos float64) *figures {
	t.Helper()
	f := &figures{map[cell][]float64{}, map[int]uint64{}}
	for _, sample := range []struct {
		contestant, question string
		ns                   float64
	}{{"twinmap", "hit", own}, {"twinmap", "hit_read_only", own}, {"go", "hit", gos}} {
		if err := f.add(cell{sample.contestant, sample.question, 1000, 1}, sample.ns, 7); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func verdictsOnGo(f *figures) (found []string) {
	for _, v := range judge(f) {
		if v.Contestant == "go" && v.Size == 1000 {
			found = append(found, v.Verdict)
		}
	}
	return found
}

func TestARatioIsMetUpToItsLimitAndMissedBeyond(t *testing.T) {
	for _, example := range []struct {
		own  float64
		want string
	}{{25, met}, {25.1, missed}} {
		got := verdictsOnGo(filledFigures(t, example.own, 100))
		if len(got) != 2 || got[0] != example.want || got[1] != example.want {
			t.Errorf("%v of 100: %v, want %s for both handles", example.own, got, example.want)
		}
	}
}

func TestWhatWasNotMeasuredIsNotMet(t *testing.T) {
	for _, v := range judge(filledFigures(t, 1, 100)) {
		if v.Contestant == "lmdb" && v.Verdict != notMeasured {
			t.Errorf("LMDB was not measured, but its verdict is %s", v.Verdict)
		}
	}
}

func TestFiguresForOtherKeysAreRefused(t *testing.T) {
	f := filledFigures(t, 1, 100)
	if err := f.add(cell{"lmdb", "hit", 1000, 1}, 5, 8); err == nil {
		t.Error("a figure measured with another sequence was accepted")
	}
}

func TestTheMedianOfAnEvenNumberOfSamplesLiesBetweenTheMiddleTwo(t *testing.T) {
	c := cell{"go", "hit", 1, 1}
	f := &figures{samples: map[cell][]float64{c: {9, 1, 4, 2}}}
	if m, ok := f.median(c); !ok || m != 3 {
		t.Errorf("median of 9, 1, 4, 2: %v", m)
	}
}

func TestEnforcingFailsOnAMissAndWhenNothingWasJudged(t *testing.T) {
	if !passes(judge(filledFigures(t, 20, 100))) {
		t.Error("every judged ratio is met, but the run does not pass")
	}
	if passes(judge(filledFigures(t, 30, 100))) {
		t.Error("a missed ratio passes")
	}
	if passes(nil) {
		t.Error("a run that judged nothing passes")
	}
}
