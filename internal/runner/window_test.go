package runner

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

// windowTrigger has windows of an hour.
func windowTrigger(inputs, recurrence, members string) string {
	return `{"windows":{"type":"SlidingWindow","inputs":{` + inputs + `},"recurrence":{"frequency":"Hour","interval":1` + recurrence + `}` + members + `}}`
}

// windowsOf are the windows of the runs, oldest first, as far as they have begun.
func (c *clocked) windowsOf(t *testing.T, d *Deployed, steps int) string {
	t.Helper()
	var list []string
	for range steps {
		line := c.step(t, d, nil)
		if strings.HasSuffix(line, "ran") {
			start, _ := c.newest(t).Outputs.Get("windowStartTime")
			end, _ := c.newest(t).Outputs.Get("windowEndTime")
			line += " " + start.Text()[11:16] + "-" + end.Text()[11:16]
		}
		list = append(list, line)
	}
	return strings.Join(list, " | ")
}

// TestSlidingWindows: wdl-semantics §10.2, §10.4.
func TestSlidingWindows(t *testing.T) {
	for _, test := range []struct{ name, inputs, recurrence, members, want string }{
		{"without a start time: from now on", "", "", "",
			"0s Succeeded ran 10:00-11:00 | 1h0m0s Succeeded ran 11:00-12:00"},
		{"a start time in the past: every missed window, in order", "", `,"startTime":"2024-03-15T07:30:00Z"`, "",
			"0s Succeeded ran 07:30-08:30 | 0s Succeeded ran 08:30-09:30 | 0s Succeeded ran 09:30-10:30 | 30m0s Succeeded ran 10:30-11:30"},
		{"a start time in the future", "", `,"startTime":"2024-03-15T12:00:00Z"`, "",
			"2h0m0s Succeeded ran 12:00-13:00"},
		{"a delay", `"delay":"PT10M"`, `,"startTime":"2024-03-15T09:00:00Z"`, "",
			"0s Succeeded ran 09:00-10:00 | 10m0s Succeeded ran 10:00-11:00"},
		{"count: so many windows", "", `,"startTime":"2024-03-15T08:00:00Z","count":2`, "",
			"0s Succeeded ran 08:00-09:00 | 0s Succeeded ran 09:00-10:00 | over"},
		{"until the end time", "", `,"startTime":"2024-03-15T09:00:00Z","endTime":"2024-03-15T10:00:00Z"`, "",
			"0s Succeeded ran 09:00-10:00 | 0s Succeeded ran 10:00-11:00 | over"},
		{"a condition skips a window, and only that", "", `,"startTime":"2024-03-15T08:00:00Z"`, `,"conditions":[{"expression":"@not(contains(triggerOutputs()['windowStartTime'], 'T08'))"}]`,
			"0s Skipped | 0s Succeeded ran 09:00-10:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClocked(t, t.TempDir())
			defer c.close(t)
			d := c.library.deploy(t, "windows", windowTrigger(test.inputs, test.recurrence, test.members), compose)
			c.arm(t, d, nil)
			if got := c.windowsOf(t, d, strings.Count(test.want, "|")+1); got != test.want {
				t.Errorf("got:  %s\nwant: %s", got, test.want)
			}
		})
	}
}

// A window's trigger record: scheduledTime, and its outputs directly under outputs.
func TestTheRecordOfAWindow(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	d := c.library.deploy(t, "windows", windowTrigger(`"delay":"PT5M"`, `,"startTime":"2024-03-15T10:00:00Z"`, ""), compose)
	c.arm(t, d, nil)
	c.step(t, d, nil)
	f := c.newest(t)
	if got := string(f.Outputs.JSON()); got != `{"windowStartTime":"2024-03-15T10:00:00Z","windowEndTime":"2024-03-15T11:00:00Z"}` {
		t.Error(got)
	}
	if got := string(f.Inputs.JSON()); got != `{"delay":"PT5M"}` || !f.ScheduledTime.Equal(c.start.Add(5*time.Minute)) {
		t.Error(got, f.ScheduledTime)
	}
}

// No window is lost to one that has not ended: it waits.
func TestAWindowWaitsForRoom(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	d := c.library.deploy(t, "single", windowTrigger("", `,"startTime":"2024-03-15T08:00:00Z"`, `,"operationOptions":"SingleInstance"`),
		`{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`)
	c.arm(t, d, nil)
	first := c.step(t, d, nil)
	result, err := c.fireSlot(context.Background(), c.db, c.scheduleOf(t, d))
	if err != nil || !result.Again.Equal(c.time().Add(busyPause)) || len(c.histories(t, d)) != 1 {
		t.Errorf("%s, then %v %v", first, result, err)
	}
	if err := c.Cancel(context.Background(), environment, c.runs(t)[0].Name); err != nil {
		t.Fatal(err)
	}
	if got := c.windowsOf(t, d, 1); got != "0s Succeeded ran 09:00-10:00" {
		t.Error(got)
	}
}

// A change of the recurrence repeats no window; a time in which the workflow was
// disabled leaves no backlog; a reset begins with the first window again.
func TestWindowsAfterAChange(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	const start = `,"startTime":"2024-03-15T08:00:00Z"`
	d := c.library.deploy(t, "windows", windowTrigger("", start, ""), compose)
	c.arm(t, d, nil)
	c.windowsOf(t, d, 2)
	d = c.library.deploy(t, "windows", strings.Replace(windowTrigger("", start, ""), `"Hour","interval":1`, `"Minute","interval":30`, 1), compose)
	c.arm(t, d, nil)
	if got := c.windowsOf(t, d, 2); got != "0s Succeeded ran 10:00-10:30 | 30m0s Succeeded ran 10:30-11:00" {
		t.Errorf("changed: %s", got)
	}
	if err := c.db.Write(context.Background(), func(tx *store.Tx) error { return c.Pause(tx, d.FlowID) }); err != nil {
		t.Fatal(err)
	}
	c.set(c.start.Add(5*time.Hour + time.Minute))
	c.arm(t, d, func(q *ArmRequest) { q.Restart = true })
	if got := c.windowsOf(t, d, 1); got != "5h30m0s Succeeded ran 15:30-16:00" {
		t.Errorf("enabled: %s", got)
	}
	c.arm(t, d, func(q *ArmRequest) { q.Reset = true })
	if got := c.windowsOf(t, d, 1); got != "5h30m0s Succeeded ran 08:00-08:30" {
		t.Errorf("reset: %s", got)
	}
}

// A schedule that is over is not begun again when the workflow is saved.
func TestACountIsNotBegunAgain(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	d := c.library.deploy(t, "once", `{"tick":{"type":"Recurrence","recurrence":{"frequency":"Hour","interval":1,"count":1}}}`, compose)
	c.arm(t, d, nil)
	got := c.step(t, d, nil)
	c.set(c.start.Add(24 * time.Hour))
	c.arm(t, d, nil)
	if got += " | " + c.step(t, d, nil); got != "0s Succeeded ran | over" {
		t.Error(got)
	}
}

// A schedule that a version before stored, without the type of its trigger, goes on.
func TestAScheduleOfAnOlderVersionGoesOn(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	d := c.library.deploy(t, "ticks", everyMinute, compose)
	form := fmt.Sprintf("%+v", recurrenceForm(d.Workflow.Program.Triggers[0].Recurrence))
	slot := c.start.Add(30 * time.Second)
	old := fmt.Sprintf(`{"flowId":%q,"trigger":"tick","anchor":"2024-03-15T09:00:00Z","last":"2024-03-15T09:59:00Z","fired":59,"slot":%q,"recurrence":%q}`, d.FlowID, slot.Format(time.RFC3339), form)
	if err := c.db.Write(context.Background(), func(tx *store.Tx) error {
		return tx.PutTask(store.Task{Key: triggerKey(d.FlowID, "tick"), Kind: TriggerKind, Due: slot, Payload: []byte(old)})
	}); err != nil {
		t.Fatal(err)
	}
	c.arm(t, d, nil)
	if got := c.step(t, d, nil) + " | " + c.step(t, d, nil); got != "30s Succeeded ran | 1m0s Succeeded ran" {
		t.Error(got)
	}
	if s := c.scheduleOf(t, d); s.Fired != 61 {
		t.Errorf("%+v", s)
	}
}

// limit.timeout ends a request that is not answered (wdl-semantics §12.5).
func TestAPollThatIsNotAnsweredInTime(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	release := make(chan struct{})
	peer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer peer.Close()
	defer close(release)
	d := c.library.deploy(t, "hangs", pollTrigger(peer.URL, "", `,"limit":{"timeout":"PT0.05S"}`), compose)
	c.arm(t, d, nil)
	if got := c.step(t, d, nil); got != "0s Failed ActionTimedOut" {
		t.Error(got)
	}
	if u, err := ReadUnfired(c.histories(t, d)[0]); err != nil || u.Inputs.IsNull() {
		t.Errorf("%+v %v", u, err)
	}
}
