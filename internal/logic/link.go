package logic

import (
	"time"

	"isle/expr"
	"isle/internal/runner"
	"isle/internal/store"
)

// linker makes the signed links to the contents of one run (logic-api §1.7).
type linker struct {
	base       string // access endpoint: "https://host:port"
	flowID     string
	run        string
	apiVersion string
	key        []byte
	now        time.Time
}

// link is a ContentLink. Recent answers of the service carry only its address and
// size (§1.7).
func (l *linker) link(owner, content string, size int64) expr.Value {
	return object(member("uri", expr.String(l.uri(owner, content))), member("contentSize", expr.Int(size)))
}

// uri is the signed address of a content.
func (l *linker) uri(owner, content string) string {
	return runner.ContentLink(l.flowID, l.run, owner, content, l.apiVersion, l.now).URL(l.base, l.key)
}

// firing is the link to what the history keeps of a firing that began no run.
func (l *linker) firing(h store.TriggerHistory, content string, size int64) expr.Value {
	uri := runner.FiringLink(l.flowID, h.Trigger, h.Name, content, l.apiVersion, l.now).URL(l.base, l.key)
	return object(member("uri", expr.String(uri)), member("contentSize", expr.Int(size)))
}

// contentSize is the number of bytes of a value as compact JSON, wherever it is
// kept.
func contentSize(v expr.Value) int64 {
	if r, ok := v.AsReference(); ok {
		return r.Size
	}
	size := v.Size()
	if !v.HasReference() {
		return size
	}
	parts := func(part expr.Value) { size += contentSize(part) - part.Size() }
	switch v.Kind() {
	case expr.KindArray:
		for _, e := range v.Elements() {
			parts(e)
		}
	case expr.KindObject:
		for _, m := range v.Members() {
			parts(m)
		}
	}
	return size
}
