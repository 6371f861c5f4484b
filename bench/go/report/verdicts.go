package main

import (
	"fmt"
	"sort"
)

const (
	reached     = "goal met"
	met         = "met"
	missed      = "MISSED"
	notMeasured = "not measured"

	// enoughRounds is how many rounds a median is required to be of; where it is of fewer, the table says so.
	enoughRounds = 5
)

// verdict says whether one requirement is met.
type verdict struct {
	Line     int     `json:"line"`
	What     string  `json:"what"`
	Size     int     `json:"size,omitempty"`
	Measured float64 `json:"measured"`
	Rounds   int     `json:"rounds"`
	Must     float64 `json:"must"`
	Goal     float64 `json:"goal,omitempty"`
	Verdict  string  `json:"verdict"`

	unit    string
	atLeast bool
}

// decide judges the measured value.
func (v *verdict) decide(m measurement) {
	within := func(limit float64) bool {
		if v.atLeast {
			return m.value >= limit
		}
		return m.value <= limit
	}
	v.Measured, v.Rounds = m.value, m.rounds
	switch {
	case !within(v.Must):
		v.Verdict = missed
	case v.Goal != 0 && within(v.Goal):
		v.Verdict = reached
	default:
		v.Verdict = met
	}
}

// locate returns the cell that s means at a size, or at the largest one for anySize.
func (f *figures) locate(s side, size int) cell {
	if size == anySize {
		for c := range f.samples {
			if c.Question == s.question && c.Contestant == s.contestant && c.Workers == s.workers && c.Size > size {
				size = c.Size
			}
		}
	}
	return cell{s.contestant, s.question, size, s.workers}
}

// measure returns what r is about, at a size.
func (f *figures) measure(r rule, size int) (m measurement, ok bool) {
	for _, s := range r.from {
		if s.counter == "" {
			s.counter = nsPerOp
		}
		if s.over == (side{}) {
			m, ok = f.median(f.locate(s.of, size), s.counter)
		} else {
			m, ok = f.ratio(s.counter, f.locate(s.of, size), f.locate(s.over, size))
		}
		if s.times != 0 {
			m.value *= s.times
		}
		if ok {
			break
		}
	}
	return m, ok
}

// judge compares a run with everything that is required.
func judge(f *figures) (verdicts []verdict) {
	var list []verdict // of Go's benchmarks
	for _, r := range withReadOnly(rules()) {
		for _, l := range r.limits {
			v := verdict{Line: r.line, What: r.what, Must: l.must, Goal: l.goal, Verdict: notMeasured,
				unit: r.unit, atLeast: r.atLeast}
			if l.size != anySize {
				v.Size = l.size
			}
			if m, ok := f.measure(r, l.size); ok {
				v.decide(m)
			}
			verdicts = append(verdicts, v)
			if r.line == golistLine {
				list = append(list, v)
			}
		}
	}
	verdicts = append(verdicts, judgeMedian(list))
	sort.SliceStable(verdicts, func(i, j int) bool { return verdicts[i].Line < verdicts[j].Line })
	return verdicts
}

// withReadOnly asks for the same of a handle that may only read, where the rule says so.
func withReadOnly(all []rule) (both []rule) {
	for _, r := range all {
		both = append(both, r)
		if !r.handles {
			continue
		}
		r.from = append([]source(nil), r.from...)
		for i := range r.from {
			r.from[i].of.contestant += readOnly
		}
		r.what += ", read-only handle"
		both = append(both, r)
	}
	return both
}

// judgeMedian judges the median of Go's list, if all of it was measured.
func judgeMedian(list []verdict) verdict {
	v := verdict{Line: golistLine, What: listMedian, Must: golistMedian.must, Goal: golistMedian.goal,
		Verdict: notMeasured}
	var ratios []float64
	m := measurement{rounds: enoughRounds}
	for _, one := range list {
		if one.Verdict == notMeasured {
			return v
		}
		ratios = append(ratios, one.Measured)
		if one.Rounds < m.rounds {
			m.rounds = one.Rounds
		}
	}
	m.value = median(ratios)
	v.decide(m)
	return v
}

// passes says whether something was judged and nothing was missed.
func passes(verdicts []verdict) bool {
	judged := false
	for _, v := range verdicts {
		if v.Verdict == missed {
			return false
		}
		judged = judged || v.Verdict != notMeasured
	}
	return judged
}

var verdictHeader = []string{"line", "what", "measured", "must", "goal", "verdict"}

func (v verdict) cells() []string {
	what, measured := v.What, ""
	if v.Size != 0 {
		what += ", " + short(v.Size)
	}
	if v.Verdict != notMeasured {
		measured = threeDigits(v.Measured) + v.unit + roundsNote(v.Rounds)
	}
	return []string{fmt.Sprint(v.Line), what, measured, v.limit(v.Must), v.limit(v.Goal), v.Verdict}
}

func roundsNote(rounds int) string {
	if rounds >= enoughRounds {
		return ""
	}
	return fmt.Sprintf(" (%d of %d rounds)", rounds, enoughRounds)
}

func (v verdict) limit(value float64) string {
	if value == 0 {
		return ""
	}
	sign := "≤ "
	if v.atLeast {
		sign = "≥ "
	}
	return sign + fmt.Sprintf("%g", value) + v.unit
}

// verdictTable leaves out what was not measured, unless all is wanted, and counts it.
func verdictTable(verdicts []verdict, all bool) table {
	t := table{title: "What is required of twinmap",
		header: verdictHeader, leading: 2, note: counted(verdicts)}
	for _, v := range verdicts {
		if all || v.Verdict != notMeasured {
			t.rows = append(t.rows, v.cells())
		}
	}
	return t
}

func counted(verdicts []verdict) string {
	counts := map[string]int{}
	for _, v := range verdicts {
		counts[v.Verdict]++
	}
	return fmt.Sprintf("%d required: %d reach the goal, %d what they must, %d miss it, %d were not measured.",
		len(verdicts), counts[reached], counts[met], counts[missed], counts[notMeasured])
}
