package runner

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What requests bring is counted until it is stored, also of those whose run does not wait
// for them any more; and what is sent counts too.
func TestMessagesAreCountedUntilTheyAreStored(t *testing.T) {
	text := strings.Repeat("x", 200_000)
	began := make(chan struct{}, 8)
	gate := make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "200000")
		if r.URL.Path != "/open" {
			_, _ = w.Write([]byte(text))
		} else {
			_, _ = w.Write([]byte(text[:150_000]))
			_ = http.NewResponseController(w).Flush()
			began <- struct{}{}
			select {
			case <-gate:
			case <-r.Context().Done():
			}
		}
	}))
	defer target.Close()
	defer close(gate)
	w := newWorld(t, func(c *Config) { c.MaxBuffered = 500_000 })
	get := func(path, more string) string {
		return `{"type":"Http","inputs":{"method":"GET","uri":"` + target.URL + path + `","retryPolicy":{"type":"none"}}` + more + `}`
	}
	run := func(name, actions string) string {
		return w.start(t, w.library.deploy(t, name, "", actions), "", false).RunID
	}
	for range 4 {
		loop := run("loop", `{"F":{"type":"Foreach","foreach":"@range(0,8)","operationOptions":"Sequential","actions":{"Get":`+get("/", "")+`}}}`)
		if got := w.finished(t, loop); got.Status != "Succeeded" {
			t.Fatalf("one after the other: %+v", got)
		}
	}
	eventually(t, "what is stored is not counted", func() bool { return w.buffer.Held() == 0 })

	// Two that are under way leave no room for a third.
	first, second := run("first", `{"Get":`+get("/open", "")+`}`), run("second", `{"Get":`+get("/open", "")+`}`)
	<-began
	<-began
	eventually(t, "both are counted", func() bool { return w.buffer.Held() == 400_000 })
	third := run("third", `{"Get":`+get("/", "")+`}`)
	w.finished(t, third)
	if r := w.record(t, third, "Get"); r.Code != "BufferedSizeLimitExceeded" || r.Error == nil || !strings.Contains(r.Error.Message, "the messages in memory have up to 500000 bytes together") {
		t.Errorf("beside two others: %s %v", r.Code, r.Error)
	}
	for _, name := range []string{first, second} {
		if err := w.Cancel(t.Context(), environment, name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "what is given up is not counted", func() bool { return w.buffer.Held() == 0 })

	sent := run("sent", `{"C":{"type":"Compose","inputs":"@concat(body('Get'),body('Get'),body('Get'))","runAfter":{"Get":["Succeeded"]}},"Get":`+get("/", "")+`,
		"Post":{"type":"Http","inputs":{"method":"POST","uri":"`+target.URL+`/","body":"@outputs('C')","retryPolicy":{"type":"none"}},"runAfter":{"C":["Succeeded"]}}}`)
	w.finished(t, sent)
	if r := w.record(t, sent, "Post"); r.Code != "BufferedSizeLimitExceeded" {
		t.Errorf("sent: %s %v", r.Code, r.Error)
	}
}
