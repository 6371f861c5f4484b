package main

import (
	"errors"
	"fmt"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"

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

// filled makes a map with the keys of s, stored in another order than they are asked for; as in stage.hpp.
func filled(s *workload.Sequence) *sync.Map {
	m := new(sync.Map)
	for index := 0; index < s.Size; index++ {
		key := workload.PresentKey(uint64(index))
		m.Store(key, workload.ValueOf(key, 0))
	}
	promote(m)
	runtime.GC()
	return m
}

// promote makes dirty read.
func promote(m *sync.Map) { m.Range(func(any, any) bool { return false }) }

func checkSize(m *sync.Map, expected int) error {
	entries := 0
	m.Range(func(any, any) bool {
		entries++
		return true
	})
	if entries != expected {
		return fmt.Errorf("%d instead of %d entries", entries, expected)
	}
	return nil
}

// anyRound accepts any value that some round of stores wrote.
const anyRound = 1 << 40

// stretch is count operations from position first of the sequence, which wraps around.
type stretch struct{ first, count int }

func (s stretch) each(keys []uint64, f func(keys []uint64)) {
	position := s.first % len(keys)
	for left := s.count; left > 0; {
		end := position + left
		if end > len(keys) {
			end = len(keys)
		}
		f(keys[position:end])
		left -= end - position
		position = 0
	}
}

// hits returns the number of wrong answers.
func hits(m *sync.Map, s *workload.Sequence, part stretch) (wrong int) {
	part.each(s.Present, func(keys []uint64) {
		for _, key := range keys {
			value, found := m.Load(key)
			if !found || !workload.ValueIsValid(key, value.(uint64), anyRound) {
				wrong++
			}
		}
	})
	return wrong
}

func stores(m *sync.Map, s *workload.Sequence, part stretch, round uint64) {
	part.each(s.Present, func(keys []uint64) {
		for _, key := range keys {
			m.Store(key, workload.ValueOf(key, round))
		}
	})
}

// together lets the workers start through one gate, each timed by itself, and returns the mean time.
func together(workers ...func() error) (time.Duration, error) {
	var arrived int32
	var done sync.WaitGroup
	took := make([]time.Duration, len(workers))
	failures := make([]error, len(workers))
	for i, work := range workers {
		done.Add(1)
		go func(i int, work func() error) {
			defer done.Done()
			atomic.AddInt32(&arrived, 1)
			for atomic.LoadInt32(&arrived) < int32(len(workers)) {
				runtime.Gosched()
			}
			start := time.Now()
			failures[i] = work()
			took[i] = time.Since(start)
		}(i, work)
	}
	done.Wait()
	total := time.Duration(0)
	for i, failure := range failures {
		if failure != nil {
			return 0, failure
		}
		total += took[i]
	}
	return total / time.Duration(len(workers)), nil
}

func hitter(m *sync.Map, s *workload.Sequence, part stretch) func() error {
	return func() error {
		if wrong := hits(m, s, part); wrong != 0 {
			return fmt.Errorf("%d wrong answers", wrong)
		}
		return nil
	}
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
	return report(question, s.Size, 2, mean(both.second), s.Checksum, counters{"throughput_ratio": 2 / both.ratio()})
}

// measureHitsOfTwo: hits of one goroutine, and of two.
func measureHitsOfTwo(size int) error {
	s := workload.NewSequence(size)
	m := filled(s)
	half := len(s.Present) / 2
	if _, err := together(hitter(m, s, stretch{0, size}), hitter(m, s, stretch{half, size})); err != nil {
		return err
	}
	var both kinds
	for pair, done := 0, 0; pair < pairs(); pair++ {
		one, err := together(hitter(m, s, stretch{done, hitsPerPass}))
		if err != nil {
			return err
		}
		done += hitsPerPass
		two, err := together(hitter(m, s, stretch{done, hitsPerPass}), hitter(m, s, stretch{half + done, hitsPerPass}))
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
	storer := func(part stretch) func() error {
		round := round
		return func() error { stores(m, s, part, round); return nil }
	}
	// As in C++: the part moves on with each pass, and never wraps.
	count := storesPerPass
	if count > half {
		count = half
	}
	part := func(worker, done int) stretch { return stretch{worker*half + done%(half-count+1), count} }
	if _, err := together(storer(stretch{0, half}), storer(stretch{half, half})); err != nil {
		return err
	}
	var both kinds
	for pair, done := 0, 0; pair < pairs(); pair++ {
		round++
		one, err := together(storer(part(0, done)))
		if err != nil {
			return err
		}
		done += count
		round++
		two, err := together(storer(part(0, done)), storer(part(1, done)))
		if err != nil {
			return err
		}
		if err := audit(m, s, []stretch{part(0, done), part(1, done)}, round); err != nil {
			return err
		}
		done += count
		both.first = append(both.first, float64(one)/float64(count))
		both.second = append(both.second, float64(two)/float64(count))
	}
	if err := checkSize(m, size); err != nil {
		return err
	}
	return reportTwo("stores_disjoint", s, both)
}

// audit looks up every key that the last stores wrote; untimed.
func audit(m *sync.Map, s *workload.Sequence, parts []stretch, round uint64) error {
	lost := 0
	for _, part := range parts {
		part.each(s.Present, func(keys []uint64) {
			for _, key := range keys {
				if value, found := m.Load(key); !found || value.(uint64) != workload.ValueOf(key, round) {
					lost++
				}
			}
		})
	}
	if lost != 0 {
		return fmt.Errorf("%d stores lost", lost)
	}
	return nil
}
