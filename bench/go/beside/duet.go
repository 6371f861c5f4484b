package main

import (
	"errors"
	"runtime"
	"sort"
	"sync"

	"bench/workload"
)

// Operations per worker and pass: as in beside/duet.cpp.
const (
	hitsPerPass   = 1 << 16
	storesPerPass = 1 << 16
)

func pairs() int {
	switch {
	case *smoke:
		return 1
	case *quick:
		return 4
	}
	return 8
}

// filled leaves nothing behind that would be collected while the map is asked.
func filled(s *workload.Sequence) *sync.Map {
	m := workload.Filled(s)
	runtime.GC()
	return m
}

// anyRound accepts any value that some round of stores wrote.
const anyRound = 1 << 40

// hitter is a worker that makes count hits from position first of the sequence.
func hitter(m *sync.Map, s *workload.Sequence, first, count int) func() error {
	return workload.Ask(m, s, workload.Hits)(workload.Task{First: first, Count: count, Round: anyRound})
}

// kinds are passes of two kinds that took turns, in nanoseconds per operation.
type kinds struct{ first, second []float64 }

func mean(samples []float64) (m float64) {
	for _, sample := range samples {
		m += sample / float64(len(samples))
	}
	return m
}

// ratio is the median over the pairs of what the second kind cost relative to the first.
func (k kinds) ratio() float64 {
	ratios := make([]float64, len(k.first))
	for i := range k.first {
		ratios[i] = k.second[i] / k.first[i]
	}
	sort.Float64s(ratios)
	return (ratios[len(ratios)/2] + ratios[(len(ratios)-1)/2]) / 2
}

func reportTwo(question string, s *workload.Sequence, both kinds) error {
	if err := report(question, s.Size, 1, mean(both.first), s.Checksum, nil); err != nil {
		return err
	}
	return report(question, s.Size, 2, mean(both.second), s.Checksum,
		workload.Counters{"throughput_ratio": 2 / both.ratio()})
}

// measureHitsOfTwo: hits of one goroutine, and of two.
func measureHitsOfTwo(size int) error {
	s := workload.NewSequence(size)
	m := filled(s)
	half := len(s.Present) / 2
	if _, err := workload.Together(hitter(m, s, 0, size), hitter(m, s, half, size)); err != nil {
		return err
	}
	var both kinds
	for pair, done := 0, 0; pair < pairs(); pair++ {
		one, err := workload.Together(hitter(m, s, done, hitsPerPass))
		if err != nil {
			return err
		}
		done += hitsPerPass
		two, err := workload.Together(hitter(m, s, done, hitsPerPass), hitter(m, s, half+done, hitsPerPass))
		if err != nil {
			return err
		}
		done += hitsPerPass
		both.first = append(both.first, float64(one)/hitsPerPass)
		both.second = append(both.second, float64(two)/hitsPerPass)
	}
	return reportTwo("hits_scaling", s, both)
}

// measureStoresOfTwo: stores of one goroutine to its half of the keys, and of two, each to its own.
func measureStoresOfTwo(size int) error {
	s := workload.NewSequence(size)
	m := filled(s)
	half := size / 2
	if half == 0 {
		return errors.New("one key has no halves")
	}
	round := uint64(0)
	storer := workload.Ask(m, s, workload.Stores)
	// As in C++: the part moves on with each pass, and never wraps.
	count := storesPerPass
	if count > half {
		count = half
	}
	part := func(worker, done int) workload.Task {
		return workload.Task{First: worker*half + done%(half-count+1), Count: count, Round: round}
	}
	lower := workload.Task{Count: half}
	upper := workload.Task{First: half, Count: half}
	if _, err := workload.Together(storer(lower), storer(upper)); err != nil {
		return err
	}
	var both kinds
	for pair, done := 0, 0; pair < pairs(); pair++ {
		round++
		one, err := workload.Together(storer(part(0, done)))
		if err != nil {
			return err
		}
		done += count
		round++
		two, err := workload.Together(storer(part(0, done)), storer(part(1, done)))
		if err != nil {
			return err
		}
		lost := workload.Audit(m, s, part(0, done)) + workload.Audit(m, s, part(1, done))
		if err := workload.WrongAnswers(lost); err != nil {
			return err
		}
		done += count
		both.first = append(both.first, float64(one)/float64(count))
		both.second = append(both.second, float64(two)/float64(count))
	}
	if err := workload.CheckSize(m, size); err != nil {
		return err
	}
	return reportTwo("stores_disjoint", s, both)
}
