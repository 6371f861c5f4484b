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

// buffers are a worker's own: the value that it stores next and the last one that it loaded.
type buffers struct{ value, out []byte }

func newBuffers(s *workload.TextSequence) *buffers {
	return &buffers{make([]byte, s.ValueBytes), make([]byte, s.ValueBytes)}
}

// eachPosition calls f for each position of the wrapped range.
func eachPosition(s *workload.TextSequence, t task, f func(position int)) {
	position := t.first % s.Len()
	for left := t.count; left > 0; left-- {
		f(position)
		if position++; position == s.Len() {
			position = 0
		}
	}
}

// load copies the value into b.out, as all contestants do. A Go program that can do with the shared bytes need not.
func load(m *sync.Map, key string, b *buffers) bool {
	found, ok := m.Load(key)
	if ok {
		b.out = append(b.out[:0], found.([]byte)...)
	}
	return ok
}

// store stores a copy of b.value: what the map holds is never changed, since others may be reading it.
func store(m *sync.Map, key string, b *buffers, round uint64) {
	workload.StampValue(b.value, key, round)
	m.Store(key, append([]byte(nil), b.value...))
}

// A question asks m about the keys of t and returns the number of wrong answers.
type question func(m *sync.Map, s *workload.TextSequence, t task, b *buffers) uint64

func hits(m *sync.Map, s *workload.TextSequence, t task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		key := s.Key(position)
		if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, 0, t.round) {
			wrong++
		}
	})
	return wrong
}

func stores(m *sync.Map, s *workload.TextSequence, t task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) { store(m, s.Key(position), b, t.round) })
	return 0
}

// mixed carries out loads and updates as the sequence says.
func mixed(m *sync.Map, s *workload.TextSequence, t task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		key := s.Key(position)
		if s.IsUpdate(position) {
			store(m, key, b, t.round)
		} else if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, 0, t.round) {
			wrong++
		}
	})
	return wrong
}

// audit looks up what the last stores wrote, untimed; of a mix, only its updates.
func audit(m *sync.Map, s *workload.TextSequence, t task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		if s.Updates != 0 && !s.IsUpdate(position) {
			return
		}
		key := s.Key(position)
		if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, t.round, t.round) {
			wrong++
		}
	})
	return wrong
}

// run lets one worker per task start through one gate, each timed by its own clock, and returns the mean time.
func run(m *sync.Map, s *workload.TextSequence, ask question, tasks []task) (time.Duration, error) {
	var arrived int32
	var wrong uint64
	var total int64
	var done sync.WaitGroup
	for _, t := range tasks {
		done.Add(1)
		go func(t task) {
			defer done.Done()
			b := newBuffers(s)
			atomic.AddInt32(&arrived, 1)
			for atomic.LoadInt32(&arrived) < int32(len(tasks)) {
			}
			start := time.Now()
			mistakes := ask(m, s, t, b)
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
