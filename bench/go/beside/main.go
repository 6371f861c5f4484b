// Command beside asks Go's own sync.Map what the programs of bench/beside ask their maps: loads beside stores, stores
// beside stores, loads while the map grows, and what an entry takes in memory. It prints one JSON object per answer.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"bench/beside/timing"
)

var (
	sizes  = flag.String("sizes", "", "numbers of keys; each question has its own if this is empty")
	filter = flag.String("filter", ".", "regular expression: only questions that match, e.g. ^growth")
	quick  = flag.Bool("quick", false, "less of what takes long")
	smoke  = flag.Bool("smoke", false, "as few operations as show that it works")
)

// counters are what a figure says beside the cost of an operation.
type counters map[string]float64

// report prints one figure. The report of bench/run knows such lines by how they begin.
func report(question string, size, workers int, ns float64, sequence uint64, more counters) error {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"contestant":"go","question":%q,"size":%d,"workers":%d,"ns_per_op":%g,"sequence":%d`,
		question, size, workers, ns, sequence>>12)
	names := make([]string, 0, len(more))
	for name := range more {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&line, ",%q:%g", name, more[name])
	}
	line.WriteString("}\n")
	if !json.Valid(line.Bytes()) {
		return fmt.Errorf("%s: a figure is no number: %s", question, line.String())
	}
	_, err := os.Stdout.Write(line.Bytes())
	return err
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

func parseSizes() (list []int, err error) {
	if *sizes == "" {
		return nil, nil
	}
	for _, field := range strings.Split(*sizes, ",") {
		size, err := strconv.Atoi(field)
		if err != nil || size < 1 {
			return nil, fmt.Errorf("not a positive number: %q", field)
		}
		list = append(list, size)
	}
	return list, nil
}

func run() error {
	given, err := parseSizes()
	if err != nil {
		return err
	}
	wanted, err := regexp.Compile(*filter)
	if err != nil {
		return err
	}
	for _, q := range questions() {
		if !wanted.MatchString(q.name) {
			continue
		}
		asked := q.sizes
		if given != nil {
			asked = given
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
