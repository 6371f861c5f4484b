package main

import (
	"bench/workload"
	"fmt"
	"runtime"
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
	tallies := make([]tally, t.workers)
	crew := make([]func() error, t.workers)
	for worker := range crew {
		// The workers are apart in every benchmark's period: by a good half of 1024, a quarter of 256.
		const apart = 1<<40 + 576
		first := (worker+1)*apart + t.passes*t.iterations
		part := stretch{first, first + t.iterations, t.workers == 1}
		counted := &tallies[worker]
		crew[worker] = func() error {
			*counted = t.work(t.m, part)
			return workload.WrongAnswers(counted.wrong)
		}
	}
	t.passes++
	took, err := workload.Together(crew...)
	if err != nil {
		return 0, err
	}
	for _, counted := range tallies {
		t.expected += counted.added
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
