package engine

import (
	"time"

	"isle/expr"
	"isle/wdl"
)

// A row of records is: version, base time, items. An item is a record of one
// action, the record of an iteration, or the values of the trigger; it begins with
// its flags. A later item of an action replaces an earlier one; it may leave out
// the inputs that the earlier one has.

const (
	itemInputs = 1 << iota
	itemInputsKept
	itemOutputs
	itemSecureInputs
	itemSecureOutputs
	itemError
	itemTracking
	itemTracked
	itemRetries
	itemCount
	itemAttempts
	itemIteration
	itemTrigger
	itemProgress
	itemCallback
	itemRepeated
	itemKept // of another run
	itemJudged
)

// typeCodes gives each type a byte in the stored form; types are only ever added at
// the end. Others are written out.
var typeCodes = [...]wdl.Type{
	"", wdl.TypeScope, wdl.TypeIf, wdl.TypeSwitch, wdl.TypeForeach, wdl.TypeUntil, wdl.TypeTerminate,
	wdl.TypeResponse, wdl.TypeWait, wdl.TypeCompose, wdl.TypeParseJSON, wdl.TypeQuery, wdl.TypeSelect,
	wdl.TypeJoin, wdl.TypeTable, wdl.TypeExpression, wdl.TypeInitializeVariable, wdl.TypeSetVariable,
	wdl.TypeIncrementVariable, wdl.TypeDecrementVariable, wdl.TypeAppendToStringVariable,
	wdl.TypeAppendToArrayVariable, wdl.TypeHTTP,
	wdl.TypeAPIConnection, wdl.TypeAPIManagement, wdl.TypeFunction,
	wdl.TypeWorkflow,
	wdl.TypeHTTPWebhook, wdl.TypeAPIConnectionWebhook,
	wdl.TypeJavaScriptCode,
	wdl.TypeSendToBatch,
}

func appendType(b []byte, t wdl.Type) []byte {
	for i := 1; i < len(typeCodes); i++ {
		if typeCodes[i] == t {
			return append(b, byte(i))
		}
	}
	return appendText(append(b, 0), string(t))
}

func (d *decoder) typ() wdl.Type {
	code := d.byte()
	if code == 0 {
		return wdl.Type(d.text())
	}
	if int(code) >= len(typeCodes) {
		d.fail("type")
		return ""
	}
	return typeCodes[code]
}

// open begins the row of a frame in this step.
func (r *Run) row(f *frame) {
	if f.dirty {
		return
	}
	f.dirty = true
	r.dirty = append(r.dirty, f)
	f.row = appendUint(append(make([]byte, 0, 256), rowVersion), uint64(ticks(r.now)))
}

// write adds the record of an action to the row of its frame.
func (r *Run) write(f *frame, a *wdl.Action, rec *record) {
	r.row(f)
	before := len(f.row)
	base := ticks(r.now)
	flags := rec.flags() | r.plan.secured(a.Index, rec)
	b := appendHead(f.row, a, rec, flags, base)
	same := flags&itemInputs != 0 && flags&itemOutputs != 0 && a.Type == wdl.TypeCompose && a.StaticResult == nil
	if flags&itemInputs != 0 {
		b, rec.inputs = r.storeValue(b, rec.inputs)
		rec.stored = true
	}
	if same { // one content, not two
		rec.outputs = rec.inputs
	}
	if flags&itemOutputs != 0 {
		b, rec.outputs = r.storeValue(b, rec.outputs)
	}
	if flags&itemProgress != 0 {
		b, rec.progress = r.storeValue(b, rec.progress)
	}
	f.row = appendRest(b, rec, flags, base)
	r.records++
	r.bytes += len(f.row) - before
}

// appendHead writes what each record has.
func appendHead(b []byte, a *wdl.Action, rec *record, flags uint64, base int64) []byte {
	b = appendUint(b, flags)
	b = appendUint(b, uint64(a.Index))
	b = appendType(appendText(b, a.Name), a.Type)
	b = appendText(append(b, byte(rec.status)), rec.code)
	b = appendTime(appendTime(b, rec.start, base), rec.end, base)
	if flags&itemTracking != 0 {
		b = append(b, rec.tracking[:]...)
	}
	return b
}

func (rec *record) flags() uint64 {
	flags := uint64(0)
	set := func(yes bool, flag uint64) {
		if yes {
			flags |= flag
		}
	}
	set(rec.hasInputs && !rec.stored, itemInputs)
	set(rec.hasInputs && rec.stored, itemInputsKept)
	set(rec.hasOutputs, itemOutputs)
	set(rec.err != nil, itemError)
	set(rec.tracking != guid{}, itemTracking)
	set(!rec.tracked.IsNull(), itemTracked)
	set(len(rec.retries) > 0, itemRetries)
	set(rec.count > 0, itemCount)
	set(rec.attempts > 0, itemAttempts)
	set(rec.flight != nil && !rec.progress.IsNull(), itemProgress)
	set(rec.callback != "", itemCallback)
	set(rec.repeated, itemRepeated)
	set(rec.judged != nil, itemJudged)
	return flags
}

// appendRest writes the rarer parts of a record.
func appendRest(b []byte, rec *record, flags uint64, base int64) []byte {
	if flags&itemError != 0 {
		b = appendError(b, rec.err)
	}
	if flags&itemTracked != 0 {
		b = appendValue(b, rec.tracked)
	}
	if flags&itemRetries != 0 {
		b = appendRetries(b, rec.retries, base)
	}
	if flags&itemCount != 0 {
		b = appendUint(b, uint64(rec.count))
	}
	if flags&itemAttempts != 0 {
		b = appendUint(b, uint64(rec.attempts))
	}
	if flags&itemCallback != 0 {
		b = appendText(b, rec.callback)
	}
	if flags&itemJudged != 0 {
		b = rec.judged.append(b)
	}
	return b
}

func appendError(b []byte, e *Error) []byte { return appendText(appendText(b, e.Code), e.Message) }

func appendRetries(b []byte, list []Retry, base int64) []byte {
	b = appendUint(b, uint64(len(list)))
	for i := range list {
		t := &list[i]
		b = appendTime(appendTime(b, t.Start, base), t.End, base)
		b = appendText(appendText(appendText(b, t.Code), t.ClientRequestID), t.ServiceRequestID)
		if b = append(b, flagBits(t.Error != nil, t.Repeated, !t.Answer.IsNull())); t.Error != nil {
			b = appendError(b, t.Error)
		}
		if !t.Answer.IsNull() {
			b = appendValue(b, t.Answer)
		}
	}
	return b
}

func (d *decoder) error() *Error { return &Error{d.text(), d.text()} }

func (d *decoder) retries(base int64) []Retry {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]Retry, n)
	for i := range list {
		t := &list[i]
		t.Start, t.End = d.time(base), d.time(base)
		t.Code, t.ClientRequestID, t.ServiceRequestID = d.text(), d.text(), d.text()
		flags := d.byte()
		if t.Repeated = flags&2 != 0; flags&1 != 0 {
			t.Error = d.error()
		}
		if flags&4 != 0 {
			t.Answer = d.value()
		}
	}
	return list
}

// writeIteration adds the record of an iteration to its own row.
func (r *Run) writeIteration(f *frame, status wdl.Status, code string, err *Error) {
	r.row(f)
	base := ticks(r.now)
	flags := uint64(itemIteration)
	if err != nil {
		flags |= itemError
	}
	if f.judged != nil {
		flags |= itemJudged
	}
	b := appendUint(f.row, flags)
	b = appendUint(b, uint64(f.layout.loop.Index))
	b = appendType(appendText(b, f.layout.loop.Name), f.layout.loop.Type)
	b = appendText(append(b, byte(status)), code)
	b = appendTime(appendTime(b, f.start, base), r.now, base)
	if err != nil {
		b = appendError(b, err)
	}
	if f.judged != nil {
		b = f.judged.append(b)
	}
	r.bytes += len(b) - len(f.row)
	r.records++
	f.row = b
}

// writeTrigger adds the values of the trigger to the first row of the run.
func (r *Run) writeTrigger() {
	t := &r.start.Trigger
	if !t.HasInputs && !t.HasOutputs && !t.Tracked {
		return
	}
	r.row(r.root)
	flags := uint64(itemTrigger)
	if t.HasInputs {
		flags |= itemInputs
	}
	if t.HasOutputs {
		flags |= itemOutputs
	}
	if t.Tracked {
		flags |= itemTracked
	}
	b := appendUint(r.root.row, flags)
	if t.HasInputs {
		b, t.Inputs = r.storeValue(b, t.Inputs)
	}
	if t.HasOutputs {
		b, t.Outputs = r.storeValue(b, t.Outputs)
	}
	if t.Tracked {
		b = appendValue(b, t.TrackedProperties)
	}
	r.root.row = b
}

// storeValue writes a value; what is above the inline limit becomes a content and
// the value a reference to it. It returns the value as it is stored.
func (r *Run) storeValue(b []byte, v expr.Value) ([]byte, expr.Value) {
	before := len(b)
	if v.Size() <= 2*Inline { // else it need not be written to see that it is large
		b = appendValue(b, v)
		if len(b)-before <= Inline {
			return b, v
		}
	}
	v = r.outsource(v)
	return appendValue(b[:before], v), v
}

// outsource moves a large value to contents: of an object only its large members,
// if that is enough, so that statusCode and headers stay at hand. Contents are plain
// JSON or text, so of a value that JSON does not keep only the parts are moved that
// it keeps.
func (r *Run) outsource(v expr.Value) expr.Value {
	if !v.SurvivesJSON() || v.Kind() == expr.KindObject && smallParts(v) <= Inline {
		return rebuilt(v, r.outsourcePart)
	}
	return r.content(v)
}

func (r *Run) outsourcePart(v expr.Value) expr.Value {
	switch {
	case isSmall(v):
		return v
	case v.SurvivesJSON():
		return r.content(v)
	}
	return rebuilt(v, r.outsourcePart)
}

// isSmall reports whether a part of a large value stays where it is.
func isSmall(v expr.Value) bool { return v.Kind() == expr.KindReference || v.Size() <= Inline/4 }

// smallParts is the size of what stays of an object whose large members are moved.
func smallParts(object expr.Value) (size int64) {
	for name, member := range object.Members() {
		size += int64(len(name))
		if isSmall(member) {
			size += member.Size()
		}
	}
	return size
}

// rebuilt is the value with each of its elements or members passed through change.
func rebuilt(v expr.Value, change func(expr.Value) expr.Value) expr.Value {
	switch v.Kind() {
	case expr.KindArray:
		elems := make([]expr.Value, 0, v.Len())
		for _, e := range v.Elements() {
			elems = append(elems, change(e))
		}
		return expr.Array(elems...)
	case expr.KindObject:
		members := make([]expr.Member, 0, v.Len())
		for name, m := range v.Members() {
			members = append(members, expr.Member{Name: name, Value: change(m)})
		}
		return expr.Object(members...)
	}
	return v
}

// content makes a value a content and returns the reference to it.
func (r *Run) content(v expr.Value) expr.Value {
	id := r.random.guid().String()
	size := v.Size()
	r.contents = append(r.contents, Content{ID: id, Value: v})
	r.outsourced += size
	r.keep(id, v)
	contentType := "application/json"
	if v.Kind() == expr.KindString {
		contentType = "text/plain"
	}
	return expr.Reference(expr.ContentReference{ID: id, Size: size, Kind: v.Kind(), ContentType: contentType})
}

// maxLoaded bounds the contents that stay in memory from step to step, in bytes.
const maxLoaded = 64 << 20

// keep holds a content at hand, at least until the step has got all it needs.
func (r *Run) keep(id string, v expr.Value) {
	if r.loaded == nil {
		r.loaded = make(map[string]expr.Value)
	}
	if _, ok := r.loaded[id]; !ok {
		r.loadedIDs = append(r.loadedIDs, id)
		r.loadedSize += v.Size()
	}
	r.loaded[id] = v
}

// forget lets go of the contents that came first when there are too many.
func (r *Run) forget() {
	for len(r.loadedIDs) > 1 && r.loadedSize > maxLoaded {
		id := r.loadedIDs[0]
		r.loadedIDs = r.loadedIDs[1:]
		r.loadedSize -= r.loaded[id].Size()
		delete(r.loaded, id)
	}
}

// item is one decoded piece of a row.
type item struct {
	flags  uint64
	action int
	name   string
	typ    wdl.Type
	record
}

// items reads a row of records, calling yield for each until it returns false.
func (d *decoder) items(yield func(*item) bool) {
	d.version(rowVersion)
	base := int64(d.uint())
	if base < 0 || base > maxTicks {
		d.fail("time")
	}
	for d.more() {
		it := item{flags: d.uint()}
		if it.flags&itemTrigger == 0 {
			d.record(&it, base)
		} else {
			d.inputsOutputs(&it)
			if it.flags&itemTracked != 0 {
				it.tracked = d.value()
			}
		}
		if d.err != nil || !yield(&it) {
			return
		}
	}
}

var maxTicks = ticks(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

func (d *decoder) record(it *item, base int64) {
	it.action = d.small()
	it.name, it.typ = d.text(), d.typ()
	it.status, it.code = wdl.Status(d.byte()), d.text()
	if it.status > wdl.Ignored {
		d.fail("status")
	}
	it.start, it.end = d.time(base), d.time(base)
	it.repeated = it.flags&itemRepeated != 0
	if it.flags&itemTracking != 0 {
		it.tracking = d.guid()
	}
	d.inputsOutputs(it)
	if it.flags&itemProgress != 0 {
		it.progress = d.value()
	}
	if it.flags&itemError != 0 {
		it.err = d.error()
	}
	if it.flags&itemTracked != 0 {
		it.tracked = d.value()
	}
	if it.flags&itemRetries != 0 {
		it.retries = d.retries(base)
	}
	if it.flags&itemCount != 0 {
		it.count = d.small()
	}
	if it.flags&itemAttempts != 0 {
		it.attempts = d.small()
	}
	if it.flags&itemCallback != 0 {
		it.callback = d.text()
	}
	if it.flags&itemJudged != 0 {
		it.judged = d.moment()
	}
}

func (d *decoder) inputsOutputs(it *item) {
	it.hasInputs = it.flags&(itemInputs|itemInputsKept) != 0
	if it.flags&itemInputs != 0 {
		it.inputs = d.value()
	}
	if it.hasOutputs = it.flags&itemOutputs != 0; it.hasOutputs {
		it.outputs = d.value()
	}
}
