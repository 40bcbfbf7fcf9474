package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

// collector is a workflow with a Batch trigger, and a clock that stands still.
type collector struct {
	*world
	t  testing.TB
	d  *Deployed
	on *wdl.Trigger
	n  int

	ahead  atomic.Int64 // of the start, in nanoseconds
	oldest string       // run that is open
}

const collected = `{"Items":{"type":"Compose","inputs":"@triggerBody()"}}`

// newCollector deploys a receiver whose batch "orders" has the criteria; more are
// members of its trigger.
func newCollector(t testing.TB, criteria, more string) *collector {
	t.Helper()
	c := &collector{t: t}
	c.world = newWorld(t, func(config *Config) { config.Clock = c.now })
	c.change(criteria, more)
	return c
}

// now is the time of a clock that only pass moves.
func (c *collector) now() time.Time {
	return time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.ahead.Load()))
}

func (c *collector) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *collector) change(criteria, more string) {
	c.t.Helper()
	c.d = c.library.deploy(c.t, "receiver", `{"Batch":{"type":"Batch","inputs":{"mode":"Inline","configurations":{"orders":{"releaseCriteria":{`+criteria+`}}}}`+more+`}}`, collected)
	c.on = c.d.Workflow.Program.Triggers[0]
}

// message is one more message to a partition.
func (c *collector) message(partition, content string) Message {
	c.t.Helper()
	v, err := expr.ParseJSON([]byte(content))
	if err != nil {
		c.t.Fatal(err)
	}
	c.n++
	return Message{Deployed: c.d, Trigger: c.on, Batch: "orders", Partition: partition, ID: fmt.Sprint("m", c.n), Content: v,
		Key: fmt.Sprint("key", c.n), SenderEnvironment: environment, SenderRun: "gone"}
}

func (c *collector) send(messages ...Message) {
	c.t.Helper()
	for _, m := range messages {
		if err := c.Collect(c.t.Context(), m); err != nil {
			c.t.Fatal(err)
		}
	}
}

// settle carries out what is due as the scheduler would.
func (c *collector) settle() {
	c.t.Helper()
	for {
		var due []store.Task
		c.write(func(tx *store.Tx) (err error) {
			due, err = tx.ClaimTasks(c.now(), time.Minute, 1)
			return err
		})
		if len(due) == 0 {
			return
		}
		result, err := c.BatchHandler()(c.t.Context(), c.db, due[0])
		if err != nil {
			c.t.Fatal(err)
		}
		c.write(func(tx *store.Tx) error {
			if result == task.Done() {
				return tx.FinishTask(due[0])
			}
			return tx.PostponeTask(due[0], result.Again, 0)
		})
		if result != task.Done() && !result.Again.After(c.now()) {
			c.t.Fatal("the task does not end")
		}
	}
}

func (c *collector) write(fn func(*store.Tx) error) {
	c.t.Helper()
	if err := c.db.Write(context.Background(), fn); err != nil {
		c.t.Fatal(err)
	}
}

// released are the batches so far, the oldest first, as partition:ids.
func (c *collector) released() (batches []string) {
	c.t.Helper()
	for _, body := range c.bodies() {
		partition, _ := body.Get("partitionName")
		items, _ := body.Get("items")
		var ids []string
		for _, item := range items.Elements() {
			id, _ := item.Get("messageId")
			ids = append(ids, id.Text())
		}
		batches = append(batches, partition.Text()+":"+strings.Join(ids, ","))
	}
	return batches
}

func (c *collector) bodies() (bodies []expr.Value) {
	c.t.Helper()
	var runs []store.Run
	if err := c.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		runs, err = tx.Runs(store.RunQuery{Workflow: c.d.FlowID})
		return err
	}); err != nil {
		c.t.Fatal(err)
	}
	slices.SortFunc(runs, func(a, b store.Run) int { return a.Start.Compare(b.Start) })
	for _, run := range runs {
		outputs, err := Resolve(context.Background(), c.db, run.Name, c.record(c.t, run.Name, "Items").Outputs)
		if err != nil {
			c.t.Fatal(err)
		}
		bodies = append(bodies, outputs)
	}
	return bodies
}

func (c *collector) want(batches ...string) {
	c.t.Helper()
	c.settle()
	if got := c.released(); !slices.Equal(got, batches) {
		c.t.Errorf("released are %q, want %q", got, batches)
	}
}

// TestABatchIsReleasedByNumber: wdl-semantics §10.6 messageCount, trigger outputs.
func TestABatchIsReleasedByNumber(t *testing.T) {
	c := newCollector(t, `"messageCount":2`, "")
	c.send(c.message("DEFAULT", `{"a":1}`))
	c.want()
	c.send(c.message("DEFAULT", `"two"`))
	c.want("DEFAULT:m1,m2")
	if got := string(c.bodies()[0].JSON()); got != `{"batchName":"orders","partitionName":"DEFAULT","items":[{"content":{"a":1},"messageId":"m1"},{"content":"two","messageId":"m2"}]}` {
		t.Error(got)
	}
	c.pass(time.Second)
	c.send(c.message("DEFAULT", `3`), c.message("DEFAULT", `4`), c.message("DEFAULT", `5`))
	c.want("DEFAULT:m1,m2", "DEFAULT:m3,m4") // the third came before the release: it begins the next one
	c.pass(time.Second)
	c.send(c.message("DEFAULT", `6`))
	c.want("DEFAULT:m1,m2", "DEFAULT:m3,m4", "DEFAULT:m5,m6")
}

// TestABatchHasNoMoreThanItsCriteriaSay: wdl-semantics §10.6; of 25 messages that wait,
// 10, 10, and 5 which wait on, or go when it is time.
func TestABatchHasNoMoreThanItsCriteriaSay(t *testing.T) {
	for more, last := range map[string]bool{"": false, `,"recurrence":{"frequency":"Minute","interval":1}`: true} {
		c := newCollector(t, `"messageCount":10`+more, "")
		for i := range 25 {
			c.send(c.message("DEFAULT", fmt.Sprint(i)))
		}
		c.counts(10, 10)
		c.pass(time.Minute)
		if last {
			c.counts(10, 10, 5)
		} else {
			c.counts(10, 10)
		}
	}
}

// counts wants the batches so far to have so many messages, each in one of them, in
// their order.
func (c *collector) counts(want ...int) {
	c.t.Helper()
	c.settle()
	var got []int
	seen := map[string]bool{}
	for _, batch := range c.released() {
		ids := strings.Split(strings.TrimPrefix(batch, "DEFAULT:"), ",")
		for _, id := range ids {
			if seen[id] {
				c.t.Errorf("message %s is in two batches", id)
			}
			seen[id] = true
		}
		got = append(got, len(ids))
	}
	slices.Sort(got) // runs of the same moment have no order
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Errorf("batches of %v, want %v", got, want)
	}
}

// TestABatchIsReleasedBySize: wdl-semantics §10.6 batchSize.
func TestABatchIsReleasedBySize(t *testing.T) {
	c := newCollector(t, `"batchSize":10,"messageCount":100`, "")
	c.send(c.message("DEFAULT", `"1234"`))
	c.want()
	c.send(c.message("DEFAULT", `"12"`))
	c.want("DEFAULT:m1,m2")
	c.pass(time.Second)
	c.send(c.message("DEFAULT", `"12345678"`), c.message("DEFAULT", `1`), c.message("DEFAULT", `2`))
	c.want("DEFAULT:m1,m2", "DEFAULT:m3") // the message that makes it large enough is its last
}

// TestABatchIsReleasedByTime: wdl-semantics §10.6 recurrence; the interval counts from
// the batch's first message, and nothing is released where nothing waits.
func TestABatchIsReleasedByTime(t *testing.T) {
	c := newCollector(t, `"recurrence":{"frequency":"Minute","interval":10},"messageCount":3`, "")
	c.send(c.message("DEFAULT", `1`))
	c.pass(9 * time.Minute)
	c.send(c.message("DEFAULT", `2`))
	c.want()
	c.pass(time.Minute)
	c.want("DEFAULT:m1,m2")
	c.pass(time.Hour)
	c.want("DEFAULT:m1,m2")
	c.send(c.message("DEFAULT", `3`), c.message("DEFAULT", `4`), c.message("DEFAULT", `5`)) // any criterion will do
	c.want("DEFAULT:m1,m2", "DEFAULT:m3,m4,m5")
	c.pass(10 * time.Minute)
	c.want("DEFAULT:m1,m2", "DEFAULT:m3,m4,m5")
}

// TestPartitionsCountForThemselves: wdl-semantics §10.6 partition.
func TestPartitionsCountForThemselves(t *testing.T) {
	c := newCollector(t, `"messageCount":2`, "")
	c.send(c.message("a", `1`), c.message("b", `2`), c.message("A", `3`))
	c.want()
	c.send(c.message("b", `4`))
	c.want("b:m2,m4")
}

// TestAMessageIsStoredOnce: also after its batch was released, as long as its sender may
// send it again.
func TestAMessageIsStoredOnce(t *testing.T) {
	c := newCollector(t, `"messageCount":2`, "")
	sender := c.start(t, c.library.deploy(t, "sender", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`), "", false)
	first := c.message("DEFAULT", `1`)
	first.SenderRun = sender.RunID
	c.send(first, first, first)
	c.want()
	c.send(c.message("DEFAULT", `2`))
	c.want("DEFAULT:m1,m2")
	c.send(first, c.message("DEFAULT", `3`))
	c.want("DEFAULT:m1,m2")
	if err := c.Cancel(t.Context(), environment, sender.RunID); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Second)
	c.send(c.message("DEFAULT", `4`))
	c.want("DEFAULT:m1,m2", "DEFAULT:m3,m4")
	if err := c.db.Read(t.Context(), func(tx *store.Tx) error {
		left, err := tx.ReleasedSenders("", 10)
		if len(left) > 0 {
			t.Errorf("kept of messages whose senders have ended: %q", left)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestOpenSendersDoNotHoldUpTheOthers: what is left of messages goes when their senders
// have ended, however many others stay open.
func TestOpenSendersDoNotHoldUpTheOthers(t *testing.T) {
	c := newCollector(t, `"messageCount":1`, "")
	waits := c.library.deploy(t, "sender", "", `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`)
	const open = 3 * forgetAtLeast
	from := func(sender string) {
		m := c.message("DEFAULT", `1`)
		m.SenderRun = sender
		c.send(m)
		c.settle()
	}
	for range open {
		from(c.start(t, waits, "", false).RunID)
	}
	for i := range 2 * open {
		from(fmt.Sprintf("%05d", i)) // gone; before and after those that are open
		from(fmt.Sprintf("a%05d", i))
	}
	var left []string
	if err := c.db.Read(t.Context(), func(tx *store.Tx) (err error) { left, err = tx.ReleasedSenders("", 1000); return err }); err != nil {
		t.Fatal(err)
	}
	if n := len(left) - open; n < 0 || n > open {
		t.Errorf("of %d senders that are gone, messages of %d are kept", 4*open, n)
	}
}

// TestACrashNeitherLosesNorDoublesAMessage: the handler is cut off before and after the
// transaction that releases.
func TestACrashNeitherLosesNorDoublesAMessage(t *testing.T) {
	c := newCollector(t, `"messageCount":1`, "")
	c.send(c.message("DEFAULT", `1`))
	var due []store.Task
	c.write(func(tx *store.Tx) (err error) { due, err = tx.ClaimTasks(c.now(), time.Minute, 1); return err })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.BatchHandler()(gone, c.db, due[0]); err == nil {
		t.Error("a handler whose context has ended says that all went well")
	}
	for range 2 { // the task was not closed: it comes again
		if _, err := c.BatchHandler()(t.Context(), c.db, due[0]); err != nil {
			t.Fatal(err)
		}
	}
	c.want("DEFAULT:m1")
}

// TestNoBatchIsLargerThanTheLimit: wdl-semantics §17, 8,000 messages or 80 MB.
func TestNoBatchIsLargerThanTheLimit(t *testing.T) {
	c := newCollector(t, `"recurrence":{"frequency":"Day","interval":1}`, "")
	configuration := c.on.Batch.Configurations[0]
	if got := len(fitting(configuration, []store.Message{{Size: 50 << 20}, {Size: 29 << 20}, {Size: 2 << 20}})); got != 2 {
		t.Errorf("%d messages fit", got)
	}
	if got := len(fitting(configuration, []store.Message{{Size: wdl.DefaultLimits().BatchSize}})); got != 1 {
		t.Errorf("%d messages fit", got)
	}
	for count, want := range map[int]bool{7_999: false, 8_000: true} {
		if enough(configuration, count, 1) != want {
			t.Errorf("%d messages are enough: %v", count, !want)
		}
	}
	if enough(configuration, 1, wdl.DefaultLimits().BatchSize-1) || !enough(configuration, 1, wdl.DefaultLimits().BatchSize) {
		t.Error("80 MB are not what is enough")
	}
	m := c.message("DEFAULT", `1`)
	m.Content = expr.String(strings.Repeat("x", int(wdl.DefaultLimits().BatchSize)))
	var large *MessageTooLargeError
	if err := c.Collect(t.Context(), m); !errors.As(err, &large) {
		t.Errorf("a message that is too large: %v", err)
	}
	c.want()
}

// TestABatchWaitsForItsWorkflow: while it is disabled, and while no more runs may begin;
// criteria that changed count for what waits.
func TestABatchWaitsForItsWorkflow(t *testing.T) {
	c := newCollector(t, `"messageCount":2`, "")
	c.send(c.message("DEFAULT", `1`))
	c.d.Enabled = false
	c.send(c.message("DEFAULT", `2`)) // its sender looked before
	c.want()
	c.d.Enabled = true
	review := func() {
		c.write(func(tx *store.Tx) error {
			return c.Arm(tx, ArmRequest{FlowID: c.d.FlowID, Trigger: c.on, Now: c.now()})
		})
	}
	review()
	c.want("DEFAULT:m1,m2")
	c.pass(time.Second)
	c.send(c.message("DEFAULT", `3`))
	c.change(`"messageCount":1`, "")
	c.want("DEFAULT:m1,m2")
	review()
	c.want("DEFAULT:m1,m2", "DEFAULT:m3")
}

// TestADeletedWorkflowLeavesNoMessages: nor does one that comes too late.
func TestADeletedWorkflowLeavesNoMessages(t *testing.T) {
	c := newCollector(t, `"messageCount":3`, "")
	c.send(c.message("a", `1`), c.message("b", `2`))
	c.write(func(tx *store.Tx) error { return c.DisarmAll(tx, c.d.FlowID) })
	c.send(c.message("a", `3`), c.message("a", `4`), c.message("a", `5`))
	c.library.mu.Lock()
	delete(c.library.flows, c.d.FlowID)
	c.library.mu.Unlock()
	c.settle()
	if err := c.db.Read(t.Context(), func(tx *store.Tx) error {
		for _, partition := range []string{"a", "b"} {
			if n, _, err := tx.WaitingMessages(batchQueue{c.d.FlowID, "Batch", "orders", partition}.key()); n != 0 || err != nil {
				t.Errorf("partition %s: %d messages, %v", partition, n, err)
			}
		}
		tasks, err := tx.Tasks("batch:")
		if len(tasks) > 0 {
			t.Errorf("tasks are left: %v", tasks)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestABatchWhoseConditionDoesNotHoldIsInTheHistory: it is used up (wdl-semantics §10.1).
func TestABatchWhoseConditionDoesNotHoldIsInTheHistory(t *testing.T) {
	c := newCollector(t, `"messageCount":1`, `,"conditions":[{"expression":"@greater(first(triggerBody()['items'])['content'],1)"}]`)
	c.send(c.message("DEFAULT", `1`))
	c.want()
	c.send(c.message("DEFAULT", `2`))
	c.want("DEFAULT:m2")
	var found []store.TriggerHistory
	if err := c.db.Read(t.Context(), func(tx *store.Tx) (err error) {
		found, err = tx.TriggerHistories(store.TriggerHistoryQuery{Workflow: c.d.FlowID, Trigger: "Batch"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Status != wdl.Skipped.String() {
		t.Errorf("%+v", found)
	}
}

// TestABatchWaitsForRoom: wdl-semantics §12.3; nothing is lost while no more runs may
// begin.
func TestABatchWaitsForRoom(t *testing.T) {
	c := newCollector(t, `"messageCount":1`, "")
	c.d = c.library.deploy(t, "receiver", `{"Batch":{"type":"Batch","operationOptions":"SingleInstance","inputs":{"mode":"Inline","configurations":{"orders":{"releaseCriteria":{"messageCount":1}}}}}}`,
		`{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}}}}`)
	c.on = c.d.Workflow.Program.Triggers[0]
	runs := func() (open, all int) {
		t.Helper()
		if err := c.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := tx.Runs(store.RunQuery{Workflow: c.d.FlowID})
			for _, r := range list {
				if all++; r.End.IsZero() {
					open++
					c.oldest = r.Name
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return open, all
	}
	c.send(c.message("a", `1`))
	c.settle()
	c.send(c.message("b", `2`))
	c.settle()
	if open, all := runs(); open != 1 || all != 1 {
		t.Fatalf("%d of %d runs are open", open, all)
	}
	if err := c.Cancel(t.Context(), environment, c.oldest); err != nil {
		t.Fatal(err)
	}
	c.pass(busyPause)
	c.settle()
	if open, all := runs(); open != 1 || all != 2 {
		t.Errorf("%d of %d runs are open", open, all)
	}
}
