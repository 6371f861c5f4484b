package workload

import (
	"math"
	"testing"
)

func TestAnAnswerIsOneLineThatBeginsWithItsContestant(t *testing.T) {
	a := Answer{Contestant: "go", Question: "growth", Size: 10, Workers: 2, NsPerOp: 1.5, Checksum: 7 << 12}
	plain := `{"contestant":"go","question":"growth","size":10,"workers":2,"ns_per_op":1.5,"sequence":7`
	for _, c := range []struct {
		counters Counters
		wanted   string
	}{{nil, plain + `}`}, {Counters{"b": 2, "a": 1.25}, plain + `,"a":1.25,"b":2}`}} {
		a.Counters = c.counters
		if line, err := a.line(); err != nil || string(line) != c.wanted {
			t.Errorf("%s, %v, wanted %s", line, err, c.wanted)
		}
	}
}

func TestAnAnswerThatIsNoNumberIsAnError(t *testing.T) {
	for _, a := range []Answer{{NsPerOp: math.NaN()}, {Counters: Counters{"ratio": math.Inf(1)}}} {
		if line, err := a.line(); err == nil {
			t.Errorf("%s", line)
		}
	}
}
