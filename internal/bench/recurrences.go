package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// measureRecurrences measures the start of a server with many workflows that each have a
// recurrence.
func measureRecurrences(o options) error {
	data, err := os.MkdirTemp("", "isle-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	p, err := start(o.binary, data)
	if err != nil {
		return err
	}
	n := o.size(10_000)
	begun := time.Now()
	if err := putRecurrences(p, n); err != nil {
		_ = p.stop()
		return err
	}
	saved := time.Since(begun)
	if err := p.stop(); err != nil {
		return err
	}
	again, err := start(o.binary, data)
	if err != nil {
		return err
	}
	defer again.stop()
	memory, err := again.memory()
	if err != nil {
		return err
	}
	fmt.Printf("| %d workflows with recurrences | measured | aim |\n|---|---|---|\n", n)
	fmt.Printf("| start | %.2f s | < 3 s |\n", again.took.Seconds())
	fmt.Printf("| memory after start | %d MB | |\n", memory>>20)
	fmt.Printf("| saving them, 8 clients | %.1f s | |\n", saved.Seconds())
	return nil
}

func putRecurrences(p *process, n int) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	work := make(chan int)
	failed := make(chan error, 8)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range work {
				err := c.put(fmt.Sprintf("clock-%05d", i), fmt.Sprintf(`{"clock":{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1,"schedule":{"hours":[%d],"minutes":[%d]}}}}`, i%24, i%60), `{"A":{"type":"Compose","inputs":1}}`)
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
