// A worker of Temporal's SDK for Go, of the same shape as bench_temporal.cpp: three levels of two steps that do
// nothing; the essential ones and the end are local activities, the background is activities.
//
//	worker HOST:PORT RUNS IN_FLIGHT
//
// Prints {"seconds", "cpu", "essential_ms": [...], "done_ms": [...]}, both from the call that asks for a run.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const queue = "bench-go"

type clockwork struct {
	mutex     sync.Mutex
	begun     map[string]time.Time
	steps     map[string]int
	essential []float64
	done      []float64
	places    chan struct{}
}

var atWork *clockwork

func newClockwork(inFlight int) *clockwork {
	return &clockwork{begun: map[string]time.Time{}, steps: map[string]int{}, places: make(chan struct{}, inFlight)}
}

func (c *clockwork) since(run string) float64 {
	return float64(time.Since(c.begun[run])) / float64(time.Millisecond)
}

func essentialStep(_ context.Context, run string) (string, error) {
	c := atWork
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.steps[run]++; c.steps[run] == 4 {
		c.essential = append(c.essential, c.since(run))
	}
	return "ended", nil
}

func backgroundStep(_ context.Context, run string) (string, error) { return "ended", nil }

func end(_ context.Context, run string) (string, error) {
	c := atWork
	c.mutex.Lock()
	c.done = append(c.done, c.since(run))
	c.mutex.Unlock()
	<-c.places
	return "succeeded", nil
}

func run(ctx workflow.Context, id string) (string, error) {
	here := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	there := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, HeartbeatTimeout: 2 * time.Second})
	for level := 0; level < 2; level++ {
		one, two := workflow.ExecuteLocalActivity(here, essentialStep, id), workflow.ExecuteLocalActivity(here, essentialStep, id)
		if err := both(ctx, one, two); err != nil {
			return "", err
		}
	}
	one, two := workflow.ExecuteActivity(there, backgroundStep, id), workflow.ExecuteActivity(there, backgroundStep, id)
	if err := both(ctx, one, two); err != nil {
		return "", err
	}
	var state string
	err := workflow.ExecuteLocalActivity(here, end, id).Get(ctx, &state)
	return state, err
}

func both(ctx workflow.Context, one, two workflow.Future) error {
	if err := one.Get(ctx, nil); err != nil {
		return err
	}
	return two.Get(ctx, nil)
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func begin(to client.Client, on *clockwork, runs, inFlight int, name string) error {
	atWork = on
	for n := 0; n < runs; n++ {
		id := fmt.Sprintf("go-%s-%d-%d", name, os.Getpid(), n)
		on.places <- struct{}{}
		on.mutex.Lock()
		on.begun[id] = time.Now()
		on.mutex.Unlock()
		options := client.StartWorkflowOptions{ID: id, TaskQueue: queue, EnableEagerStart: true, WorkflowTaskTimeout: 5 * time.Second,
			Memo: map[string]any{"tenant": "acme", "pipeline": "bench", "phase": "essential"}}
		// As many at once as in flight: a caller of its own for each.
		go func() {
			if _, err := to.ExecuteWorkflow(context.Background(), options, run, id); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}()
	}
	for n := 0; n < inFlight; n++ {
		on.places <- struct{}{}
	}
	return nil
}

func measure(address string, count, inFlight int) (map[string]any, error) {
	quiet := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	to, err := client.Dial(client.Options{HostPort: address, Logger: quiet})
	if err != nil {
		return nil, err
	}
	defer to.Close()
	// As many pollers as the plugin has.
	w := worker.New(to, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 4, MaxConcurrentActivityTaskPollers: 3})
	w.RegisterWorkflow(run)
	w.RegisterActivity(backgroundStep)
	if err := w.Start(); err != nil {
		return nil, err
	}
	defer w.Stop()
	if err := begin(to, newClockwork(inFlight), inFlight+2, inFlight, "warm"); err != nil {
		return nil, err
	}
	timed, begun, cpu := newClockwork(inFlight), time.Now(), cpuSeconds()
	if err := begin(to, timed, count, inFlight, "run"); err != nil {
		return nil, err
	}
	return map[string]any{"cpu": cpuSeconds() - cpu, "seconds": time.Since(begun).Seconds(),
		"essential_ms": timed.essential, "done_ms": timed.done}, nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "worker HOST:PORT RUNS IN_FLIGHT")
		os.Exit(2)
	}
	count, _ := strconv.Atoi(os.Args[2])
	inFlight, _ := strconv.Atoi(os.Args[3])
	out, err := measure(os.Args[1], count, inFlight)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	text, _ := json.Marshal(out)
	fmt.Println(string(text))
}
