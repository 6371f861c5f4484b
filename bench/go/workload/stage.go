package workload

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Filled makes a map with the keys of s, stored in another order than they are asked for; as in stage.hpp.
func Filled(s *Sequence) *sync.Map {
	m := new(sync.Map)
	for index := 0; index < s.Size; index++ {
		key := PresentKey(uint64(index))
		m.Store(key, ValueOf(key, 0))
	}
	Promote(m)
	return m
}

// Promote makes dirty read.
func Promote(m *sync.Map) { m.Range(func(any, any) bool { return false }) }

// Count returns the number of entries.
func Count(m *sync.Map) (entries int) {
	m.Range(func(any, any) bool {
		entries++
		return true
	})
	return entries
}

// CheckSize fails if entries were lost or invented.
func CheckSize(m *sync.Map, expected int) error {
	if entries := Count(m); entries != expected {
		return fmt.Errorf("%d instead of %d entries", entries, expected)
	}
	return nil
}

// A Stage is a filled map, kept from one question to the next.
type Stage struct {
	Map      *sync.Map
	Size     int    // keys in the map
	Length   int    // of the sequence in which they are asked for
	Checksum uint64 // of the sequence

	round uint64 // of stores
	done  int    // how far in the sequence earlier passes came
}

// Passes say how a stage is asked: by so many workers, in one untimed pass and some that are timed.
type Passes struct {
	Label   string
	Workers int
	Ask     Work
	Audit   Work // of what Ask stores; nil if it stores nothing
	WarmUp  int  // operations of a worker in the untimed pass
	Timed   int  // passes
	Count   int  // operations of a worker in each of them
}

// next gives each of n workers its part of the next pass, which goes on in the sequence where the last one ended.
func (s *Stage) next(n, count int) (tasks []Task) {
	for w := 0; w < n; w++ {
		tasks = append(tasks, Task{w*s.Length/n + s.done, count, s.round})
	}
	s.done += count
	return tasks
}

// Measure prints the mean cost of an operation over the timed passes; program.hpp says why not the median.
func (s *Stage) Measure(p Passes) error {
	runtime.GC()
	var tasks []Task
	pass := func(count int) (time.Duration, error) {
		if p.Audit != nil {
			s.round++
		}
		tasks = s.next(p.Workers, count)
		return Run(tasks, p.Ask)
	}
	if _, err := pass(p.WarmUp); err != nil {
		return err
	}
	sum := 0.0
	for i := 0; i < p.Timed; i++ {
		took, err := pass(p.Count)
		if err != nil {
			return err
		}
		sum += float64(took) / float64(p.Count)
	}
	a := Answer{Contestant: "go", Question: p.Label, Size: s.Size, Workers: p.Workers, NsPerOp: sum / float64(p.Timed),
		Checksum: s.Checksum}
	if err := a.Print(); err != nil || p.Audit == nil {
		return err
	}
	if _, err := Run(tasks, p.Audit); err != nil {
		return err
	}
	return CheckSize(s.Map, s.Size)
}
