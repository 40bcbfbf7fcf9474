package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"
)

// measureContent measures a large body that goes through a Compose to the Response, and
// is stored on the way.
func measureContent(o options) error {
	return withServer(o, func(p *process, c *client) error {
		url, err := c.workflow("content", `{"Copy":{"type":"Compose","inputs":"@triggerBody()"},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@outputs('Copy')"},"runAfter":{"Copy":["Succeeded"]}}}`)
		if err != nil {
			return err
		}
		body := orders(10 << 20)
		r := request{client: &http.Client{Transport: c.http.Transport, Timeout: time.Minute}, url: url, body: body}
		idle, err := p.memory()
		if err != nil {
			return err
		}
		best := time.Hour
		largest := int64(0)
		for range 5 {
			if err := p.forgetPeak(); err != nil {
				return err
			}
			begun := time.Now()
			if err := r.send(context.Background()); err != nil {
				return err
			}
			best = min(best, time.Since(begun))
			peak, err := p.peak()
			if err != nil {
				return err
			}
			largest = max(largest, peak-idle)
		}
		fmt.Printf("| 10 MB through Compose to Response | measured | aim |\n|---|---|---|\n")
		fmt.Printf("| best of five | %.0f ms, %.0f MB/s | ≥ 200 MB/s |\n", ms(best), float64(len(body))/(1<<20)/best.Seconds())
		fmt.Printf("| memory, largest above idle | %.1f × the body | ≤ 3 × |\n", float64(largest)/float64(len(body)))
		return nil
	})
}

// orders is a JSON array of about so many bytes.
func orders(size int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for n := 0; b.Len() < size; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"A-%d","customer":"Contoso number %d","qty":%d,"price":%d.25,"note":"leave it at the door"}`, n, n%97, n%10, n%1000)
	}
	b.WriteByte(']')
	return b.Bytes()
}
