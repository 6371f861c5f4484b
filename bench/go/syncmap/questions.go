package main

import (
	"bench/workload"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// task is one order to one worker: count operations from position first of the sequence, which wraps around.
type task struct {
	first, count int
	round        uint64
}

// stretches calls f for each contiguous piece of the wrapped range.
func stretches(keys []uint64, t task, f func([]uint64)) {
	position := t.first % len(keys)
	for left := t.count; left > 0; {
		end := position + left
		if end > len(keys) {
			end = len(keys)
		}
		f(keys[position:end])
		left -= end - position
		position = 0
	}
}

// A question asks m about the keys of t and returns the number of wrong answers.
type question func(m *sync.Map, s *workload.Sequence, t task) uint64

func hits(m *sync.Map, s *workload.Sequence, t task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			value, found := m.Load(key)
			if !found || !workload.ValueIsValid(key, value.(uint64), t.round) {
				wrong++
			}
		}
	})
	return wrong
}

func misses(m *sync.Map, s *workload.Sequence, t task) (wrong uint64) {
	stretches(s.Absent, t, func(keys []uint64) {
		for _, key := range keys {
			if _, found := m.Load(key); found {
				wrong++
			}
		}
	})
	return wrong
}

func stores(m *sync.Map, s *workload.Sequence, t task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			m.Store(key, workload.ValueOf(key, t.round))
		}
	})
	return 0
}

// audit looks up every key that the last stores wrote; untimed.
func audit(m *sync.Map, s *workload.Sequence, t task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			if value, found := m.Load(key); !found || value.(uint64) != workload.ValueOf(key, t.round) {
				wrong++
			}
		}
	})
	return wrong
}

// run lets one worker per task start through one gate, each timed by its own clock, and returns the mean time.
func run(m *sync.Map, s *workload.Sequence, ask question, tasks []task) (time.Duration, error) {
	var arrived int32
	var wrong uint64
	var total int64
	var done sync.WaitGroup
	for _, t := range tasks {
		done.Add(1)
		go func(t task) {
			defer done.Done()
			atomic.AddInt32(&arrived, 1)
			for atomic.LoadInt32(&arrived) < int32(len(tasks)) {
			}
			start := time.Now()
			mistakes := ask(m, s, t)
			atomic.AddInt64(&total, int64(time.Since(start)))
			atomic.AddUint64(&wrong, mistakes)
		}(t)
	}
	done.Wait()
	if wrong != 0 {
		return 0, fmt.Errorf("%d wrong answers", wrong)
	}
	return time.Duration(total / int64(len(tasks))), nil
}

func count(m *sync.Map) (entries int) {
	m.Range(func(any, any) bool {
		entries++
		return true
	})
	return entries
}
