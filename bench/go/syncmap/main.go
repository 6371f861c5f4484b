// Command syncmap asks Go's own sync.Map the questions that the C++ programs ask their maps, with the same keys in the
// same order, and prints one JSON object per answer.
package main

import (
	"bench/workload"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
)

var (
	sizes     = workload.Numbers("sizes", []int{1000, 100000, 1000000}, "numbers of keys")
	workers   = workload.Numbers("workers", []int{1, 2}, "numbers of goroutines that ask at the same time")
	noInserts = flag.Bool("no-inserts", false, "leave the inserts out")
	smoke     = flag.Bool("smoke", false, "as few operations as show that it works")
)

// operations is how many a worker does per pass; as in driver.hpp.
func operations(question string, size int) int {
	if *smoke {
		return 2000
	}
	reads := 1 << 18
	if size > 4000000 {
		reads = 1 << 20
	}
	if question == "store" {
		return reads / 4
	}
	return reads
}

// passes and warmUpOperations: as in driver.hpp, which explains them.
func passes(size int) int {
	if *smoke {
		return 1
	}
	if size > 4000000 {
		return 2
	}
	if size > 500000 {
		return 8
	}
	return 24
}

func warmUpOperations(size, count int) int {
	warm := size
	if warm > 1<<20 {
		warm = 1 << 20
	}
	if *smoke || warm < count {
		return count
	}
	return warm
}

// measureInserts fills fresh maps, each worker its own share of the keys.
func measureInserts(s *workload.Sequence, n int) error {
	maps := 1
	if s.Size <= 10000 {
		maps = 20
	} else if s.Size <= 100000 {
		maps = 2
	}
	sum := 0.0
	for i := 0; i < maps; i++ {
		runtime.GC()
		m := new(sync.Map)
		tasks := make([]workload.Task, n)
		for w := range tasks {
			first, last := w*s.Size/n, (w+1)*s.Size/n
			tasks[w] = workload.Task{First: first, Count: last - first}
		}
		m.Store(s.Present[0], workload.ValueOf(s.Present[0], 0))
		took, err := workload.Run(tasks, workload.Ask(m, s, workload.Stores))
		if err != nil {
			return err
		}
		sum += float64(took) / float64(s.Size/n)
		if _, err := workload.Run(tasks, workload.Ask(m, s, workload.Audit)); err != nil {
			return err
		}
		if err := workload.CheckSize(m, s.Size); err != nil {
			return err
		}
	}
	return workload.Answer{Contestant: "go", Question: "insert", Size: s.Size, Workers: n,
		NsPerOp: sum / float64(maps), Checksum: s.Checksum}.Print()
}

// A filledMap is a map with the keys of keys.
type filledMap struct {
	workload.Stage
	keys *workload.Sequence
}

func (m *filledMap) measure(label string, ask workload.Question, n int) error {
	count := operations(label, m.Size)
	p := workload.Passes{Label: label, Workers: n, Ask: workload.Ask(m.Map, m.keys, ask),
		WarmUp: warmUpOperations(m.Size, count), Timed: passes(m.Size), Count: count}
	if label == "store" {
		p.Audit = workload.Ask(m.Map, m.keys, workload.Audit)
	}
	return m.Measure(p)
}

func measureSize(size int) error {
	s := workload.NewSequence(size)
	if !*noInserts {
		for _, n := range *workers {
			if err := measureInserts(s, n); err != nil {
				return fmt.Errorf("insert: %w", err)
			}
		}
	}
	m := filledMap{workload.Stage{Map: workload.Filled(s), Size: size, Length: len(s.Present), Checksum: s.Checksum}, s}
	for _, n := range *workers {
		for _, q := range []struct {
			label string
			ask   workload.Question
		}{{"hit", workload.Hits}, {"miss", workload.Misses}, {"store", workload.Stores}} {
			if err := m.measure(q.label, q.ask, n); err != nil {
				return fmt.Errorf("%s: %w", q.label, err)
			}
		}
	}
	return nil
}

func main() {
	flag.Parse()
	for _, size := range *sizes {
		if err := measureSize(size); err != nil {
			fmt.Fprintln(os.Stderr, "syncmap:", err)
			os.Exit(1)
		}
	}
}
