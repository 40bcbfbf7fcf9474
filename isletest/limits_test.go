package isletest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"isle/isletest"
)

// wdl-semantics §17: limits that a server is told are held at save, in runs and at its
// door; what was saved under wider ones still runs.
func TestLimitsOfAServer(t *testing.T) {
	s := isletest.Start(t, isletest.WithInlineCode())
	group := s.Group("limits")
	body := workflowBody(`{"A":{"type":"Compose","inputs":1},"F":{"type":"Foreach","foreach":"@triggerBody()","actions":{},"runAfter":{"A":["Succeeded"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('F')?['error']?['message']"},"runAfter":{"F":["Succeeded","Failed"]}}}`)
	_, call := put(t, s, group, "w", body)
	if a := s.Call(call, `[1,2,3]`); a.Status != http.StatusOK || len(a.Body) > 4 {
		t.Errorf("by default: %d %s", a.Status, a.Body)
	}
	s.Restart(isletest.WithLimits("actions=2", "foreachItems=2", "messageSize=1KB"))
	if a := s.Call(call, `[1,2,3]`); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "the number of items 3 is more than the limit of 2") {
		t.Errorf("foreachItems: %d %s", a.Status, a.Body)
	}
	if a := s.Call(call, `["`+strings.Repeat("x", 2000)+`"]`); a.Status != http.StatusRequestEntityTooLarge || a.Text("error", "code") != "RequestEntityTooLarge" {
		t.Errorf("messageSize: %d %s", a.Status, a.Body)
	}
	if a := s.Do(http.MethodPut, group+"/providers/Microsoft.Logic/workflows/other", body); a.Status != http.StatusBadRequest || !strings.Contains(string(a.Body), "The number of template actions limit exceeded: maximum '2' and actual '3'.") {
		t.Errorf("actions: %d %s", a.Status, a.Body)
	}
}

// Times and sizes of calls are held on a server, each with its own code.
func TestLimitsOfCallsOfAServer(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	target := stub(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/large":
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(strings.Repeat("x", 3000)))
		case "/chunks", "/few", "/parts":
			text := strings.Repeat("x", map[string]int{"/chunks": 9000, "/few": 3000, "/parts": 3000}[r.URL.Path])
			part := map[string]int{"/chunks": 1000, "/few": 1000, "/parts": 200}[r.URL.Path]
			var first int
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, first+part-1)) // no more at a time
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
		}
	})
	call := func(path, settings string) string {
		return `{"Call":{"type":"Http","inputs":{"method":"GET","uri":"` + target + path + `","retryPolicy":{"type":"none"}}` + settings + `},
			"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"status":"@actions('Call')['status']","code":"@{actions('Call')?['code']}/@{actions('Call')?['error']?['code']}"}},"runAfter":{"Call":["Succeeded","Failed","TimedOut"]}}}`
	}
	// sending sends a body that is made of the small one that comes in.
	sending := func(size int, settings string) string {
		return strings.Replace(call("/", settings), `"method":"GET"`, fmt.Sprintf(`"method":"POST","body":"@{join(range(10000,%d),'')}"`, size/5), 1)
	}
	s := isletest.Start(t, isletest.WithLimits("outboundTimeout=300ms", "inboundTimeout=700ms", "messageSize=2KB", "chunkedSize=4KB", "uriLength=200", "downloadRequests=10"))
	group := s.Group("calls")
	for name, c := range map[string]struct{ actions, want string }{
		"outbound": {call("/slow", ""), "RequestTimeout"},
		"message":  {call("/large", ""), "ResponseSizeLimitExceeded"},
		"chunked":  {call("/chunks", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`), "ResponseSizeLimitExceeded"},
		"few":      {call("/few", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`), "OK/"}, // more than a message
		"sent":     {sending(5000, ""), "RequestSizeLimitExceeded"},
		"long":     {strings.Replace(call("/", ""), target+"/", target+"/@{join(range(10000,40),'')}", 1), "UriLengthLimitExceeded"},
		"parts":    {call("/parts", `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`), "DownloadRequestsLimitExceeded"},
		"uploaded": {sending(5000, `,"runtimeConfiguration":{"contentTransfer":{"transferMode":"Chunked"}}`), "RequestSizeLimitExceeded"},
	} {
		_, url := put(t, s, group, name, workflowBody(c.actions))
		if a := s.Call(url, `{}`); a.Status != http.StatusOK || (a.Text("status") == "Succeeded") != (name == "few") || !strings.Contains(a.Text("code"), c.want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	_, url := put(t, s, group, "inbound", workflowBody(waitThenAnswer))
	if a := s.Call(url, `{}`); a.Status != http.StatusGatewayTimeout || a.Text("error", "code") != "GatewayTimeout" {
		t.Errorf("inbound: %d %s", a.Status, a.Body)
	}
}

// Workflows that call each other in a row, and messages of batches.
func TestLimitsOfWorkflowsThatTurnToWorkflows(t *testing.T) {
	s := isletest.Start(t, isletest.WithLimits("nestedCalls=1", "batchSize=100"))
	group := s.Group("rows")
	last, _ := put(t, s, group, "last", responding(200, `1`, ""))
	middle, _ := put(t, s, group, "middle", nested(last, ""))
	_, url := put(t, s, group, "first", nested(middle, ""))
	if a := s.Call(url, `{}`); !strings.Contains(string(a.Body), "NestedWorkflowDepthExceeded") {
		t.Errorf("nestedCalls: %d %s", a.Status, a.Body)
	}
	receiver := group + "/providers/Microsoft.Logic/workflows/receiver"
	body := strings.Replace(workflowBody(`{}`), `"manual":{"type":"Request","kind":"Http","inputs":{}}`, `"Batch":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"b":{"releaseCriteria":{"messageCount":9}}}}}`, 1)
	if a := s.Do(http.MethodPut, receiver, body); a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, url = put(t, s, group, "sender", workflowBody(fmt.Sprintf(`{"Send":{"type":"SendToBatch","inputs":{"batchName":"b","content":"@triggerBody()","host":{"triggerName":"Batch","workflow":{"id":%q}}}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@{actions('Send')?['status']}/@{actions('Send')?['error']?['code']}"},"runAfter":{"Send":["Succeeded","Failed"]}}}`, receiver)))
	for size, want := range map[int]string{10: "Succeeded/", 200: "Failed/BatchMessageTooLarge"} {
		if a := s.Call(url, `"`+strings.Repeat("x", size)+`"`); string(a.Body) != want {
			t.Errorf("batchSize: %d bytes: %d %s", size, a.Status, a.Body)
		}
	}
}

// A retry policy's count is held where it is an expression, also in a program that is read
// from storage; a written one that was saved under a wider limit still runs.
func TestRetryCountOfStoredWorkflows(t *testing.T) {
	target := stub(t, func(http.ResponseWriter, *http.Request) {})
	s := isletest.Start(t, isletest.WithLimits("retryCount=9"))
	group := s.Group("retries")
	cases := map[string]struct{ policy, want string }{
		"member":  {`{"type":"fixed","count":"@add(1000,0)","interval":"PT5S"}`, "between 1 and 2, but is '1000'"},
		"whole":   {`"@json('{\"type\":\"fixed\",\"count\":1000,\"interval\":\"PT5S\"}')"`, "between 1 and 2, but is '1000'"},
		"written": {`{"type":"fixed","count":9,"interval":"PT5S"}`, "Succeeded"},
	}
	urls := map[string]string{}
	for name, c := range cases {
		_, urls[name] = put(t, s, group, name, workflowBody(`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+target+`","retryPolicy":`+c.policy+`}},
			"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@{actions('Call')?['status']} @{actions('Call')?['error']?['message']}"},"runAfter":{"Call":["Succeeded","Failed"]}}}`))
	}
	s.Restart(isletest.WithLimits("retryCount=2"))
	for name, c := range cases {
		if a := s.Call(urls[name], `{}`); a.Status != http.StatusOK || !strings.Contains(string(a.Body), c.want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// An Until that was saved with a wider count still answers; the limit is held when it runs.
func TestUntilIterationsOfStoredWorkflows(t *testing.T) {
	s := isletest.Start(t)
	_, url := put(t, s, s.Group("untils"), "u", workflowBody(`{"U":{"type":"Until","expression":"@equals(1,1)","limit":{"count":50,"timeout":"PT1H"},"actions":{}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@{actions('U')?['status']} @{actions('U')?['error']?['message']}"},"runAfter":{"U":["Succeeded","Failed"]}}}`))
	s.Restart(isletest.WithLimits("untilIterations=10"))
	if a := s.Call(url, `{}`); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "not an integer between 1 and 10") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Messages that are in memory have a bound of their own, in and out, whatever one of them
// may have; it is free again afterwards.
func TestBufferedSizeOfAServer(t *testing.T) {
	target := stub(t, func(w http.ResponseWriter, r *http.Request) {
		var size int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &size)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(strings.Repeat("x", size)))
	})
	s := isletest.Start(t, isletest.WithLimits("bufferedSize=300KB"))
	_, url := put(t, s, s.Group("buffered"), "w", workflowBody(`{"Call":{"type":"Http","inputs":{"method":"GET","uri":"`+target+`/@{triggerBody()?['size']}","retryPolicy":{"type":"none"}}},
		"Send":{"type":"Http","inputs":{"method":"POST","uri":"`+target+`/1","body":"@concat(body('Call'),body('Call'))","retryPolicy":{"type":"none"}},"runAfter":{"Call":["Succeeded","Failed"]}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@{actions('Call')?['error']?['code']}/@{actions('Send')?['error']?['code']}"},"runAfter":{"Send":["Succeeded","Failed","Skipped"]}}}`))
	for _, c := range []struct {
		size int
		want string
	}{
		{100_000, "/"}, {400_000, "BufferedSizeLimitExceeded/"}, {240_000, "/BufferedSizeLimitExceeded"}, {100_000, "/"}, {100_000, "/"},
	} {
		if a := s.Call(url, fmt.Sprintf(`{"size":%d}`, c.size)); a.Status != http.StatusOK || string(a.Body) != c.want {
			t.Errorf("%d bytes: %d %s", c.size, a.Status, a.Body)
		}
	}
	if a := s.Call(url, `"`+strings.Repeat("x", 400_000)+`"`); a.Status != http.StatusRequestEntityTooLarge || a.Text("error", "code") != "RequestEntityTooLarge" {
		t.Errorf("taken in: %d %s", a.Status, a.Body)
	}
}

// Items of splitOn, fewer where the runs of the trigger are limited: its caller is told.
func TestSplitOnItemsOfAServer(t *testing.T) {
	s := isletest.Start(t, isletest.WithLimits("splitOnItems=5", "splitOnItemsWithConcurrency=2"))
	group := s.Group("splits")
	for name, c := range map[string]struct {
		more string
		most int
	}{"free": {"", 5}, "counted": {`,"runtimeConfiguration":{"concurrency":{"runs":1}}`, 2}} {
		body := strings.Replace(workflowBody(`{}`), `"kind":"Http","inputs":{}`, `"kind":"Http","splitOn":"@triggerBody()"`+c.more, 1)
		_, url := put(t, s, group, name, body)
		for n, status := range map[int]int{c.most: http.StatusAccepted, c.most + 1: http.StatusBadRequest} {
			a := s.Call(url, "["+strings.Repeat("1,", n-1)+"1]")
			if a.Status != status || (status == http.StatusBadRequest) != (a.Text("error", "code") == "SplitOnItemsLimitExceeded") {
				t.Errorf("%s, %d items: %d %s", name, n, a.Status, a.Body)
			}
		}
	}
}

// What a run may last, and its code.
func TestLimitsOfRunsOfAServer(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t, isletest.WithInlineCode(), isletest.WithLimits("runDuration=2s", "inlineCodeTime=200ms"))
	group := s.Group("runs")
	_, url := put(t, s, group, "code", workflowBody(`{"Loop":{"type":"JavaScriptCode","inputs":{"code":"for (;;) {}"}},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@actions('Loop')?['error']"},"runAfter":{"Loop":["Failed"]}}}`))
	if a := s.Call(url, `{}`); a.Text("code") != "InlineCodeScriptRuntimeFailure" || !strings.Contains(a.Text("message"), "200ms") {
		t.Errorf("inlineCodeTime: %d %s", a.Status, a.Body)
	}
	id, url := put(t, s, group, "long", workflowBody(`{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`))
	if a := s.Call(url, `{}`); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	until(t, "the run has lasted as long as it may", func() bool {
		run := lastRun(s, id)
		return run.Text("value", 0, "properties", "status") == "TimedOut" && run.Text("value", 0, "properties", "code") == "WorkflowRunTimedOut"
	})
}
