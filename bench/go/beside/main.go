// Command beside asks Go's own sync.Map what the programs of bench/beside ask their maps: loads beside stores, stores
// beside stores, loads while the map grows, and what an entry takes in memory. It prints one JSON object per answer.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"

	"bench/beside/timing"
	"bench/workload"
)

var (
	sizes  = workload.Numbers("sizes", nil, "numbers of keys; without, each question has its own")
	filter = flag.String("filter", ".", "regular expression: only questions that match, e.g. ^growth")
	quick  = flag.Bool("quick", false, "less of what takes long")
	smoke  = flag.Bool("smoke", false, "as few operations as show that it works")
)

func report(question string, size, workers int, ns float64, checksum uint64, more workload.Counters) error {
	return workload.Answer{Contestant: "go", Question: question, Size: size, Workers: workers, NsPerOp: ns,
		Checksum: checksum, Counters: more}.Print()
}

// A question is put to maps of these sizes unless -sizes says otherwise.
type question struct {
	name  string
	sizes []int
	ask   func(size int) error
}

// questions: the same as in beside/driver.hpp, in the same order.
func questions() []question {
	scale := timing.Calibrate()
	largest := 10000000
	if *quick {
		largest = 1000000
	}
	return []question{
		{"bytes", []int{largest}, measureBytes},
		{"beside", []int{1000, 1000000}, measureBeside},
		{"hits_scaling", []int{1000000}, measureHitsOfTwo},
		{"stores_disjoint", []int{1000000}, measureStoresOfTwo},
		{"latency", []int{largest / 10}, func(size int) error { return measureLatency(size, scale) }},
		{"growth", []int{largest / 10, largest}, func(size int) error { return measureGrowth(size, scale) }},
	}
}

func run() error {
	wanted, err := regexp.Compile(*filter)
	if err != nil {
		return err
	}
	for _, q := range questions() {
		if !wanted.MatchString(q.name) {
			continue
		}
		asked := q.sizes
		if *sizes != nil {
			asked = *sizes
		}
		for _, size := range asked {
			if err := q.ask(size); err != nil {
				return fmt.Errorf("%s of %d keys: %w", q.name, size, err)
			}
		}
	}
	return nil
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1)
	}
}
