package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// orderActions is the first work of the peers: a total, a condition, an answer.
const orderActions = `{"Total":{"type":"Compose","inputs":"@mul(triggerBody()['qty'],triggerBody()['price'])"},
	"Big":{"type":"If","expression":{"greaterOrEquals":["@outputs('Total')",100]},"actions":{"Large":{"type":"Compose","inputs":"big"}},"else":{"actions":{"Small":{"type":"Compose","inputs":"small"}}},"runAfter":{"Total":["Succeeded"]}},
	"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"id":"@triggerBody()['id']","total":"@outputs('Total')","tier":"@coalesce(outputs('Large'),outputs('Small'))"}},"runAfter":{"Big":["Succeeded"]}}}`

// measurePeers does the work of other systems, whose results lie in the folder that
// -peers names, one "peer metric value" a line, and prints how many times as many runs
// Isle does. Their load comes by HTTP from a generator that takes less of the machine,
// Isle's by HTTPS from this one.
func measurePeers(o options) error {
	if o.peers == "" {
		fmt.Println("The section peers compares with results of other systems, which -peers FOLDER names.")
		return nil
	}
	files, err := filepath.Glob(filepath.Join(o.peers, "*.txt"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no results: %w", o.peers, fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	orders, calls, err := peerWork(o)
	if err != nil {
		return err
	}
	fmt.Printf("| 32 clients, runs/s | request → condition → response | ratio | accepted → three HTTP calls | ratio |\n|---|---|---|---|---|\n")
	fmt.Printf("| Isle, durable | %.0f, p99 %.0f ms | | %.0f | |\n", orders.rate(), ms(orders.at(0.99)), calls.rate())
	for _, file := range files {
		values, err := readResults(file)
		if err != nil {
			return err
		}
		order, call := values["w1.c32.runs_per_s"], values["w3bounded.completed_per_s_in_window"]
		fmt.Printf("| %s | %.0f, p99 %.0f ms | %s | %.0f | %s |\n", strings.TrimSuffix(filepath.Base(file), ".txt"),
			order, values["w1.c32.p99_ms"], ratio(orders.rate(), order), call, ratio(calls.rate(), call))
	}
	return nil
}

func ratio(ours, theirs float64) string {
	if theirs == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", ours/theirs)
}

// peerWork does what the peers were given, 32 clients each.
func peerWork(o options) (orders, calls result, err error) {
	stub := newArrivals()
	defer stub.Close()
	err = withServer(o, func(_ *process, c *client) error {
		url, err := c.workflow("order", orderActions)
		if err != nil {
			return err
		}
		threeCalls, err := c.workflow("calls", callActions(stub.URL))
		if err != nil {
			return err
		}
		orders = load(request{client: c.http, url: url, body: []byte(`{"id":"A-1","qty":4,"price":30}`)}, 32, o.span)
		calls = stub.load(request{client: c.http, url: threeCalls}, 32, o.span)
		if orders.errors+calls.errors > 0 {
			return errors.New("some runs failed")
		}
		return c.settled("calls")
	})
	return orders, calls, err
}

// readResults reads the last value of each metric.
func readResults(file string) (map[string]float64, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values := map[string]float64{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			continue
		}
		if v, err := strconv.ParseFloat(fields[2], 64); err == nil {
			values[fields[1]] = v
		}
	}
	return values, lines.Err()
}
