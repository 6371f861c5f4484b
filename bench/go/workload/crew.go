package workload

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A Task is one order to one worker: Count operations from position First of the sequence, which wraps around.
type Task struct {
	First, Count int
	Round        uint64 // of stores
}

// A Work is what a worker does about a task.
type Work func(Task) func() error

// WrongAnswers is an error if there were any.
func WrongAnswers(count uint64) error {
	if count != 0 {
		return fmt.Errorf("%d wrong answers", count)
	}
	return nil
}

// Together lets the workers start through one gate, each timed by its own clock, and returns the mean time.
func Together(workers ...func() error) (time.Duration, error) {
	var arrived int32
	var done sync.WaitGroup
	took := make([]time.Duration, len(workers))
	failures := make([]error, len(workers))
	for i, work := range workers {
		done.Add(1)
		go func(i int, work func() error) {
			defer done.Done()
			atomic.AddInt32(&arrived, 1)
			for atomic.LoadInt32(&arrived) < int32(len(workers)) {
			}
			start := time.Now()
			failure := work()
			took[i], failures[i] = time.Since(start), failure
		}(i, work)
	}
	done.Wait()
	total := time.Duration(0)
	for i, failure := range failures {
		if failure != nil {
			return 0, failure
		}
		total += took[i]
	}
	return total / time.Duration(len(workers)), nil
}

// Run gives each task to a worker of its own; as Together.
func Run(tasks []Task, work Work) (time.Duration, error) {
	var workers []func() error
	for _, t := range tasks {
		workers = append(workers, work(t))
	}
	return Together(workers...)
}
