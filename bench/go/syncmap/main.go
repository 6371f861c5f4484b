// Command syncmap asks Go's own sync.Map the questions that the C++ programs ask their maps, with the same keys in the
// same order, and prints one JSON object per answer.
package main

import (
	"bench/workload"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

type result struct {
	Contestant string  `json:"contestant"`
	Question   string  `json:"question"`
	Size       int     `json:"size"`
	Workers    int     `json:"workers"`
	NsPerOp    float64 `json:"ns_per_op"`
	Sequence   uint64  `json:"sequence"`
}

var (
	sizes     = flag.String("sizes", "1000,100000,1000000", "numbers of keys")
	workers   = flag.String("workers", "1,2", "numbers of goroutines that ask at the same time")
	noInserts = flag.Bool("no-inserts", false, "leave the inserts out")
	smoke     = flag.Bool("smoke", false, "as few operations as show that it works")
)

func parseList(text string) (numbers []int, err error) {
	for _, field := range strings.Split(text, ",") {
		number, err := strconv.Atoi(field)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("not a positive number: %q", field)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

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
	return 8
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

// report prints the mean cost of an operation over the passes; driver.hpp says why not the median.
func report(question string, s *workload.Sequence, workers int, costs []float64) {
	sum := 0.0
	for _, cost := range costs {
		sum += cost
	}
	line, _ := json.Marshal(result{"go", question, s.Size, workers, sum / float64(len(costs)), s.Checksum >> 12})
	fmt.Println(string(line))
}

// A filledMap is a map with the keys of keys, kept from one question to the next.
type filledMap struct {
	*sync.Map
	keys  *workload.Sequence
	round uint64 // of stores
	done  int    // how far in the sequence earlier passes came
}

// next gives each of n workers its part of the next pass, which goes on in the sequence where the last one ended.
func (m *filledMap) next(n, count int) (tasks []task) {
	for w := 0; w < n; w++ {
		tasks = append(tasks, task{w*len(m.keys.Present)/n + m.done, count, m.round})
	}
	m.done += count
	return tasks
}

// filled makes a map with the keys of s, stored in another order than they are asked for; as in stage.hpp.
func filled(s *workload.Sequence) *filledMap {
	m := &filledMap{Map: new(sync.Map), keys: s}
	for index := 0; index < s.Size; index++ {
		key := workload.PresentKey(uint64(index))
		m.Store(key, workload.ValueOf(key, 0))
	}
	m.Range(func(any, any) bool { return false }) // promotes dirty to read
	return m
}

func (m *filledMap) measure(name string, ask question, n int) error {
	operations := operations(name, m.keys.Size)
	runtime.GC()
	var tasks []task
	pass := func(count int) (time.Duration, error) {
		if name == "store" {
			m.round++
		}
		tasks = m.next(n, count)
		return run(m.Map, m.keys, ask, tasks)
	}
	if _, err := pass(warmUpOperations(m.keys.Size, operations)); err != nil {
		return err
	}
	var costs []float64
	for i := passes(m.keys.Size); i > 0; i-- {
		took, err := pass(operations)
		if err != nil {
			return err
		}
		costs = append(costs, float64(took)/float64(operations))
	}
	report(name, m.keys, n, costs)
	if name != "store" {
		return nil
	}
	_, err := run(m.Map, m.keys, audit, tasks)
	if err == nil && count(m.Map) != m.keys.Size {
		err = errors.New("entries lost or invented")
	}
	return err
}

// measureInserts fills fresh maps, each worker its own share of the keys.
func measureInserts(s *workload.Sequence, n int) error {
	maps := 1
	if s.Size <= 10000 {
		maps = 20
	} else if s.Size <= 100000 {
		maps = 2
	}
	var costs []float64
	for i := 0; i < maps; i++ {
		runtime.GC()
		m := new(sync.Map)
		tasks := make([]task, n)
		for w := range tasks {
			first, last := w*s.Size/n, (w+1)*s.Size/n
			tasks[w] = task{first, last - first, 0}
		}
		m.Store(s.Present[0], workload.ValueOf(s.Present[0], 0))
		took, err := run(m, s, stores, tasks)
		if err != nil {
			return err
		}
		costs = append(costs, float64(took)/float64(s.Size/n))
		if _, err := run(m, s, audit, tasks); err != nil {
			return err
		}
		if count(m) != s.Size {
			return errors.New("entries lost or invented")
		}
	}
	report("insert", s, n, costs)
	return nil
}

func measureSize(size int, crews []int) error {
	s := workload.NewSequence(size)
	if !*noInserts {
		for _, n := range crews {
			if err := measureInserts(s, n); err != nil {
				return fmt.Errorf("insert: %w", err)
			}
		}
	}
	m := filled(s)
	for _, n := range crews {
		for _, q := range []struct {
			name string
			ask  question
		}{{"hit", hits}, {"miss", misses}, {"store", stores}} {
			if err := m.measure(q.name, q.ask, n); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
		}
	}
	return nil
}

func main() {
	flag.Parse()
	crews, err := parseList(*workers)
	if err == nil {
		var list []int
		if list, err = parseList(*sizes); err == nil {
			for _, size := range list {
				if err = measureSize(size, crews); err != nil {
					break
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "syncmap:", err)
		os.Exit(1)
	}
}
