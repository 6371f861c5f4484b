package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A trial is one benchmark's map and how far it has come.
type trial[M storing] struct {
	item[M]
	on       contestant[M]
	m        M
	workers  int
	passes   int
	expected int // keys that must be left
}

func newTrial[M storing](what item[M], on contestant[M], workers int) *trial[M] {
	t := &trial[M]{item: what, on: on, workers: workers}
	if *smoke && t.iterations > 2048 {
		t.iterations = 2048
	}
	t.prepare()
	return t
}

// prepare makes the map and lets nobody pay for the one before.
func (t *trial[M]) prepare() {
	t.m = t.on.make()
	runtime.GC()
	for key := 0; key < t.keys; key++ {
		t.m.Store(key, key)
	}
	for i := 0; t.primed && i < 2*t.keys; i++ {
		t.m.Load(i % t.keys)
	}
	t.expected = t.keys
}

// pass lets the workers do their iterations once and returns how long one took, the mean over the workers.
func (t *trial[M]) pass() (time.Duration, error) {
	if t.recycled && t.passes != 0 {
		t.prepare()
	}
	parts := make([]stretch, t.workers)
	for worker := range parts {
		// The workers are apart in every benchmark's period: by a good half of 1024, a quarter of 256.
		const apart = 1<<40 + 576
		first := (worker+1)*apart + t.passes*t.iterations
		parts[worker] = stretch{first, first + t.iterations, t.workers == 1}
	}
	t.passes++
	took, done := runAll(parts, func(part stretch) tally { return t.work(t.m, part) })
	t.expected += done.added
	if done.wrong != 0 {
		return 0, fmt.Errorf("%d wrong answers", done.wrong)
	}
	return took, t.count()
}

func (t *trial[M]) count() error {
	size := t.on.size(t.m)
	left := remainder{t.expected, t.expected}
	if t.left != nil {
		left = *t.left
	}
	if size < left.fewest || size > left.most {
		return fmt.Errorf("%d keys are left, not %d to %d", size, left.fewest, left.most)
	}
	return nil
}

// runAll lets one worker for each part start through one gate, each timed by its own clock, and returns their mean time.
func runAll(parts []stretch, work func(stretch) tally) (time.Duration, tally) {
	var arrived int32
	var done sync.WaitGroup
	tallies := make([]tally, len(parts))
	times := make([]time.Duration, len(parts))
	for worker, part := range parts {
		done.Add(1)
		go func(worker int, part stretch) {
			defer done.Done()
			atomic.AddInt32(&arrived, 1)
			for atomic.LoadInt32(&arrived) < int32(len(parts)) {
			}
			start := time.Now()
			result := work(part)
			times[worker], tallies[worker] = time.Since(start), result
		}(worker, part)
	}
	done.Wait()
	var sum time.Duration
	var total tally
	for worker := range parts {
		sum += times[worker]
		total.wrong += tallies[worker].wrong
		total.added += tallies[worker].added
	}
	return sum / time.Duration(len(parts)), total
}
