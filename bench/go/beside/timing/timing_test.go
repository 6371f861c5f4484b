package timing

import (
	"math/rand"
	"sort"
	"testing"
	"time"
)

func TestPercentilesAreOverstatedByOnePartIn32AtMost(t *testing.T) {
	var h Histogram
	var samples []uint64
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 100000; i++ {
		sample := random.Uint64() >> random.Intn(64)
		samples = append(samples, sample)
		h.Add(sample)
	}
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	for _, quantile := range []float64{0.01, 0.5, 0.99, 0.9999, 1} {
		exact := samples[int(quantile*float64(len(samples)))-1]
		if got := h.At(quantile); got < exact || got-exact > exact/32 {
			t.Errorf("the share %v is %d, told as %d", quantile, exact, got)
		}
	}
}

// timed returns the milliseconds of one load that does f, by both clocks.
func timed(t *testing.T, f func()) (cpu, wall float64) {
	s := Calibrate()
	timer := New(s)
	timer.Rest()
	before := timer.Begin()
	f()
	timer.End(before)
	if err := timer.Close(); err != nil {
		t.Error(err)
	}
	return s.NS(timer.CPU.At(1)) * 1e-6, s.NS(timer.Wall.At(1)) * 1e-6
}

func TestALoadThatSleepsTakesNoCPUTime(t *testing.T) {
	if cpu, wall := timed(t, func() { time.Sleep(50 * time.Millisecond) }); wall < 50 || cpu > 10 {
		t.Errorf("50 ms of sleep took %.3f ms, %.3f of them running", wall, cpu)
	}
}

func TestALoadThatWorksTakesCPUTime(t *testing.T) {
	cpu, wall := timed(t, func() {
		for start := ThreadCPU(); ThreadCPU()-start < uint64(50*time.Millisecond); {
		}
	})
	if cpu < 49 || cpu > 60 || wall < 49 {
		t.Errorf("50 ms of work took %.3f ms, %.3f of them running", wall, cpu)
	}
}
