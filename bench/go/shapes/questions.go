package main

import (
	"bench/workload"
	"sync"
)

// buffers are a worker's own: the value that it stores next and the last one that it loaded.
type buffers struct{ value, out []byte }

func newBuffers(s *workload.TextSequence) *buffers {
	return &buffers{make([]byte, s.ValueBytes), make([]byte, s.ValueBytes)}
}

// eachPosition calls f for each position of the wrapped range.
func eachPosition(s *workload.TextSequence, t workload.Task, f func(position int)) {
	position := t.First % s.Len()
	for left := t.Count; left > 0; left-- {
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
type question func(m *sync.Map, s *workload.TextSequence, t workload.Task, b *buffers) uint64

func hits(m *sync.Map, s *workload.TextSequence, t workload.Task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		key := s.Key(position)
		if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, 0, t.Round) {
			wrong++
		}
	})
	return wrong
}

func stores(m *sync.Map, s *workload.TextSequence, t workload.Task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) { store(m, s.Key(position), b, t.Round) })
	return 0
}

// mixed carries out loads and updates as the sequence says.
func mixed(m *sync.Map, s *workload.TextSequence, t workload.Task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		key := s.Key(position)
		if s.IsUpdate(position) {
			store(m, key, b, t.Round)
		} else if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, 0, t.Round) {
			wrong++
		}
	})
	return wrong
}

// audit looks up what the last stores wrote, untimed; of a mix, only its updates.
func audit(m *sync.Map, s *workload.TextSequence, t workload.Task, b *buffers) (wrong uint64) {
	eachPosition(s, t, func(position int) {
		if s.Updates != 0 && !s.IsUpdate(position) {
			return
		}
		key := s.Key(position)
		if !load(m, key, b) || !workload.ValueIsFrom(b.out, key, s.ValueBytes, t.Round, t.Round) {
			wrong++
		}
	})
	return wrong
}
