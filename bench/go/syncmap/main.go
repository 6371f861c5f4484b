// Command syncmap asks Go's own sync.Map the questions that the C++ programs ask their maps, with the same keys in the
// same order, and prints one JSON object per answer.
package main

import (
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
func report(question string, s *sequence, workers int, costs []float64) {
	sum := 0.0
	for _, cost := range costs {
		sum += cost
	}
	line, _ := json.Marshal(result{"go", question, s.size, workers, sum / float64(len(costs)), s.checksum >> 12})
	fmt.Println(string(line))
}

// A filledMap is a map with the keys of keys, kept from one question to the next.
type filledMap struct {
	*sync.Map
	keys  *sequence
	round uint64 // of stores
	done  int    // how far in the sequence earlier passes came
}

// next gives each of n workers its part of the next pass, which goes on in the sequence where the last one ended.
func (m *filledMap) next(n, count int) (tasks []task) {
	for w := 0; w < n; w++ {
		tasks = append(tasks, task{w*len(m.keys.present)/n + m.done, count, m.round})
	}
	m.done += count
	return tasks
}

// filled makes a map with the keys of s, stored in another order than they are asked for; as in stage.hpp.
func filled(s *sequence) *filledMap {
	m := &filledMap{Map: new(sync.Map), keys: s}
	for index := 0; index < s.size; index++ {
		key := presentKey(uint64(index))
		m.Store(key, valueOf(key, 0))
	}
	m.Range(func(any, any) bool { return false }) // promotes dirty to read
	return m
}

func (m *filledMap) measure(name string, ask question, n int) error {
	operations := operations(name, m.keys.size)
	runtime.GC()
	var tasks []task
	pass := func(count int) (time.Duration, error) {
		if name == "store" {
			m.round++
		}
		tasks = m.next(n, count)
		return run(m.Map, m.keys, ask, tasks)
	}
	if _, err := pass(warmUpOperations(m.keys.size, operations)); err != nil {
		return err
	}
	var costs []float64
	for i := passes(m.keys.size); i > 0; i-- {
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
	if err == nil && count(m.Map) != m.keys.size {
		err = errors.New("entries lost or invented")
	}
	return err
}

// measureInserts fills fresh maps, each worker its own share of the keys.
func measureInserts(s *sequence, n int) error {
	maps := 1
	if s.size <= 10000 {
		maps = 20
	} else if s.size <= 100000 {
		maps = 2
	}
	var costs []float64
	for i := 0; i < maps; i++ {
		runtime.GC()
		m := new(sync.Map)
		tasks := make([]task, n)
		for w := range tasks {
			first, last := w*s.size/n, (w+1)*s.size/n
			tasks[w] = task{first, last - first, 0}
		}
		m.Store(s.present[0], valueOf(s.present[0], 0))
		took, err := run(m, s, stores, tasks)
		if err != nil {
			return err
		}
		costs = append(costs, float64(took)/float64(s.size/n))
		if _, err := run(m, s, audit, tasks); err != nil {
			return err
		}
		if count(m) != s.size {
			return errors.New("entries lost or invented")
		}
	}
	report("insert", s, n, costs)
	return nil
}

func measureSize(size int, crews []int) error {
	s := newSequence(size)
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
