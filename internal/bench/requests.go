package main

import (
	"fmt"
	"time"
)

// measureRequests measures starts, and a workflow that is called and answers (Request →
// three data actions → condition → Response) beside the ceiling: a bare HTTPS handler
// that commits the same number of bytes through the same group commit.
func measureRequests(o options) error {
	return withFolder(func(data string) error {
		var first time.Duration
		if err := serve(o, data, func(p *process, _ *client) error { first = p.took; return nil }); err != nil {
			return err
		}
		return serve(o, data, func(p *process, c *client) error {
			idle, err := p.memory()
			if err != nil {
				return err
			}
			fmt.Printf("| Start | measured | aim |\n|---|---|---|\n")
			fmt.Printf("| first start to a ready environment | %d ms | < 1000 ms |\n", first.Milliseconds())
			fmt.Printf("| second start | %d ms | < 300 ms |\n", p.took.Milliseconds())
			fmt.Printf("| memory after start | %d MB | < 60 MB |\n\n", idle>>20)
			return measureAnswers(o, p, c)
		})
	})
}

const requestActions = `{"Total":{"type":"Compose","inputs":"@mul(triggerBody()['qty'],triggerBody()['price'])"},
	"Tax":{"type":"Compose","inputs":"@div(mul(outputs('Total'),19),100)","runAfter":{"Total":["Succeeded"]}},
	"Order":{"type":"Compose","inputs":{"id":"@triggerBody()['id']","total":"@outputs('Total')","tax":"@outputs('Tax')"},"runAfter":{"Tax":["Succeeded"]}},
	"Big":{"type":"If","expression":{"greater":["@outputs('Total')",100]},"actions":{"Label":{"type":"Compose","inputs":"big"}},"else":{"actions":{"Small":{"type":"Compose","inputs":"small"}}},"runAfter":{"Order":["Succeeded"]}},
	"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Order')"},"runAfter":{"Big":["Succeeded"]}}}`

func measureAnswers(o options, p *process, c *client) error {
	url, err := c.workflow("answer", requestActions)
	if err != nil {
		return err
	}
	before := folderSize(p.data)
	fmt.Printf("| Request → 3 data actions → condition → Response | requests/s | p50 | p99 | errors |\n|---|---|---|---|---|\n")
	target := request{client: c.http, url: url, body: []byte(`{"id":"A-1","qty":4,"price":30}`)}
	measured := map[int]result{}
	total := 0
	for _, clients := range []int{1, 32} {
		busy := p.processorTime()
		r := load(target, clients, o.span)
		measured[clients] = r
		total += r.requests
		r.print(fmt.Sprintf("workflow, %d client(s)", clients))
		fmt.Printf("| → of the server's processor time, a run | %.0f µs | | | |\n", float64((p.processorTime()-busy)/time.Microsecond)/float64(max(r.requests, 1)))
	}
	grown := folderSize(p.data) - before
	after, err := p.memory()
	if err != nil {
		return err
	}
	perRun := int(grown) / max(total, 1)
	for _, clients := range []int{1, 32} {
		r, err := ceiling(perRun, clients, o.span)
		if err != nil {
			return err
		}
		r.print(fmt.Sprintf("ceiling, %d client(s)", clients))
		fmt.Printf("| → workflow / ceiling | %.0f %% | | | |\n", 100*measured[clients].rate()/r.rate())
	}
	fmt.Printf("\nMemory after the load: %d MB. Stored for each run: about %d bytes, over %d runs.\n", after>>20, perRun, total)
	return nil
}
