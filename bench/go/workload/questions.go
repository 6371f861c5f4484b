package workload

import "sync"

// A Question asks m about the keys of t and returns the number of wrong answers.
type Question func(m *sync.Map, s *Sequence, t Task) (wrong uint64)

// Ask is the work of those who put a question to m.
func Ask(m *sync.Map, s *Sequence, ask Question) Work {
	return func(t Task) func() error {
		return func() error { return WrongAnswers(ask(m, s, t)) }
	}
}

// stretches calls f for each contiguous piece of the wrapped range.
func stretches(keys []uint64, t Task, f func([]uint64)) {
	position := t.First % len(keys)
	for left := t.Count; left > 0; {
		end := position + left
		if end > len(keys) {
			end = len(keys)
		}
		f(keys[position:end])
		left -= end - position
		position = 0
	}
}

// Hits loads keys that are there, with a value of any round up to the task's.
func Hits(m *sync.Map, s *Sequence, t Task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			value, found := m.Load(key)
			if !found || !ValueIsValid(key, value.(uint64), t.Round) {
				wrong++
			}
		}
	})
	return wrong
}

// Misses loads keys that are not there.
func Misses(m *sync.Map, s *Sequence, t Task) (wrong uint64) {
	stretches(s.Absent, t, func(keys []uint64) {
		for _, key := range keys {
			if _, found := m.Load(key); found {
				wrong++
			}
		}
	})
	return wrong
}

// Stores stores the values of the task's round.
func Stores(m *sync.Map, s *Sequence, t Task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			m.Store(key, ValueOf(key, t.Round))
		}
	})
	return 0
}

// Audit looks up every key that the last stores wrote; untimed.
func Audit(m *sync.Map, s *Sequence, t Task) (wrong uint64) {
	stretches(s.Present, t, func(keys []uint64) {
		for _, key := range keys {
			if value, found := m.Load(key); !found || value.(uint64) != ValueOf(key, t.Round) {
				wrong++
			}
		}
	})
	return wrong
}
