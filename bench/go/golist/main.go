// Command golist asks Go's sync.Map the benchmarks that Go itself asks it, in 1 and in 2 goroutines, and a map under an
// RWMutex those that Debian's sync.Map cannot answer. It prints one JSON object per benchmark.
package main

import (
	"bench/workload"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"
)

var (
	workers      = workload.Numbers("workers", []int{1, 2}, "numbers of goroutines, and of processors that they may use")
	milliseconds = flag.Int("ms-per-benchmark", 500, "passes go on until a goroutine has been timed for so long")
	filter       = flag.String("filter", "", "regular expression that the names of the benchmarks match")
	smoke        = flag.Bool("smoke", false, "as few iterations as show that it works")
)

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
	return workload.Answer{Contestant: on.name, Question: "golist:" + what.name, Workers: workers, NsPerOp: cost}.Print()
}

// measureAll measures those of some families that match.
func measureAll[M storing](families [][]item[M], on contestant[M], wanted *regexp.Regexp) error {
	for _, family := range families {
		for _, what := range family {
			if !wanted.MatchString(what.name) {
				continue
			}
			for _, n := range *workers {
				if err := measure(what, on, n); err != nil {
					return fmt.Errorf("%s, %d workers: %w", what.name, n, err)
				}
			}
		}
	}
	return nil
}

func run() error {
	for _, n := range *workers {
		if n > mostWorkers {
			return fmt.Errorf("at most %d workers, not %d", mostWorkers, n)
		}
	}
	wanted, err := regexp.Compile(*filter)
	if err != nil {
		return err
	}
	if err := measureAll(oldFamilies, syncMap, wanted); err != nil {
		return err
	}
	return measureAll(newFamilies, rwMutex, wanted)
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "golist:", err)
		os.Exit(1)
	}
}
