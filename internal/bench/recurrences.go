package main

import (
	"fmt"
	"sync"
	"time"
)

// measureRecurrences measures the start of a server with many workflows that each have a
// recurrence.
func measureRecurrences(o options) error {
	return withFolder(func(data string) error {
		n := o.size(10_000)
		var saved time.Duration
		if err := serve(o, data, func(_ *process, c *client) error {
			begun := time.Now()
			err := putRecurrences(c, n)
			saved = time.Since(begun)
			return err
		}); err != nil {
			return err
		}
		return serve(o, data, func(p *process, _ *client) error {
			memory, err := p.memory()
			if err != nil {
				return err
			}
			fmt.Printf("| %d workflows with recurrences | measured | aim |\n|---|---|---|\n", n)
			fmt.Printf("| start | %.2f s | < 3 s |\n", p.took.Seconds())
			fmt.Printf("| memory after start | %d MB | |\n", memory>>20)
			fmt.Printf("| saving them, 8 clients | %.1f s | |\n", saved.Seconds())
			return nil
		})
	})
}

func putRecurrences(c *client, n int) error {
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
