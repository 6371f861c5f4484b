// Command golist asks Go's sync.Map the benchmarks that Go itself asks it, in 1 and in 2 goroutines, and a map under an
// RWMutex those that Debian's sync.Map cannot answer. It prints one JSON object per benchmark.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
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
	workers      = flag.String("workers", "1,2", "numbers of goroutines, and of processors that they may use")
	milliseconds = flag.Int("ms-per-benchmark", 500, "passes go on until a goroutine has been timed for so long")
	filter       = flag.String("filter", "", "regular expression that the names of the benchmarks match")
	smoke        = flag.Bool("smoke", false, "as few iterations as show that it works")
)

func parseWorkers(text string) (numbers []int, err error) {
	for _, field := range strings.Split(text, ",") {
		number, err := strconv.Atoi(field)
		if err != nil || number < 1 || number > mostWorkers {
			return nil, fmt.Errorf("not a number of workers from 1 to %d: %q", mostWorkers, field)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// measure prints the mean of the passes, of which one is untimed and the others go on until the time is over.
func measure[M storing](what item[M], on contestant[M], workers int) error {
	runtime.GOMAXPROCS(workers)
	t := newTrial(what, on, workers)
	if _, err := t.pass(); err != nil {
		return err
	}
	var sum time.Duration
	passes := 0
	for passes == 0 || !*smoke && sum < time.Duration(*milliseconds)*time.Millisecond {
		took, err := t.pass()
		if err != nil {
			return err
		}
		sum += took
		passes++
	}
	cost := float64(sum) / float64(passes*t.iterations)
	line, err := json.Marshal(result{on.name, "golist:" + what.name, 0, workers, cost, 0})
	if err == nil {
		fmt.Println(string(line))
	}
	return err
}

// measureAll measures those of some families that match.
func measureAll[M storing](families [][]item[M], on contestant[M], crews []int, wanted *regexp.Regexp) error {
	for _, family := range families {
		for _, what := range family {
			if !wanted.MatchString(what.name) {
				continue
			}
			for _, n := range crews {
				if err := measure(what, on, n); err != nil {
					return fmt.Errorf("%s, %d workers: %w", what.name, n, err)
				}
			}
		}
	}
	return nil
}

func run() error {
	crews, err := parseWorkers(*workers)
	if err != nil {
		return err
	}
	wanted, err := regexp.Compile(*filter)
	if err != nil {
		return err
	}
	if err := measureAll(oldFamilies, syncMap, crews, wanted); err != nil {
		return err
	}
	return measureAll(newFamilies, rwMutex, crews, wanted)
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "golist:", err)
		os.Exit(1)
	}
}
