package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// measureForeach measures one run over many items with two data actions each, from the
// call to the answer that comes when the loop has ended.
func measureForeach(o options) error {
	fmt.Printf("| Foreach, two data actions for each item | one run | aim | largest memory | stored |\n|---|---|---|---|---|\n")
	for _, row := range []struct {
		items      int
		sequential bool
		aim        string
	}{{5_000, false, "< 0.5 s"}, {5_000, true, "< 0.5 s"}, {100_000, false, "< 10 s"}, {100_000, true, "< 10 s"}} {
		if err := measureLoop(o, o.size(row.items), row.sequential, row.aim); err != nil {
			return err
		}
	}
	return nil
}

func measureLoop(o options, items int, sequential bool, aim string) error {
	return withServer(o, func(p *process, c *client) error {
		mode, title := "", "in parallel"
		if sequential {
			mode, title = `"operationOptions":"Sequential",`, "one after another"
		}
		url, err := c.workflow("loop", fmt.Sprintf(`{"Each":{"type":"Foreach","foreach":"@range(0,%d)",%s"actions":{"Double":{"type":"Compose","inputs":"@mul(items('Each'),2)"},"Text":{"type":"Compose","inputs":"@concat('item ',outputs('Double'))","runAfter":{"Double":["Succeeded"]}}}},
			"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"done"},"runAfter":{"Each":["Succeeded"]}}}`, items, mode))
		if err != nil {
			return err
		}
		before := folderSize(p.data)
		if err := p.forgetPeak(); err != nil {
			return err
		}
		patient := &http.Client{Transport: c.http.Transport, Timeout: 2 * time.Minute}
		begun := time.Now()
		if err := (request{client: patient, url: url, body: []byte(`{}`)}).send(context.Background()); err != nil {
			return err
		}
		took := time.Since(begun)
		peak, err := p.peak()
		if err != nil {
			return err
		}
		if err := p.stop(); err != nil { // what lies in the log goes to the file
			return err
		}
		fmt.Printf("| %d items, %s | %.2f s | %s | %d MB | %.1f MB |\n", items, title, took.Seconds(), aim, peak>>20, float64(folderSize(p.data)-before)/(1<<20))
		return nil
	})
}
