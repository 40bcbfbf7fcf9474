package search

import (
	"bytes"
	"context"
	"encoding/base64"
	"hash/maphash"
	"io"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// terms collects what one run can be found by.
type terms struct {
	list []store.Term
	seen map[store.Term]struct{}
	read map[uint64]struct{} // hashes of long texts: what one action hands to the next is read once
	seed maphash.Seed
	left int // bytes of text that may still be read
}

func newTerms() *terms {
	return &terms{seen: map[store.Term]struct{}{}, read: map[uint64]struct{}{}, seed: maphash.MakeSeed(), left: maxText}
}

// reset forgets a run, for the next one; its list belongs to whoever took it.
func (t *terms) reset() {
	t.list, t.left = make([]store.Term, 0, len(t.list)), maxText
	clear(t.seen)
	clear(t.read)
}

const longText = 256

// again says whether a long text has been read before.
func (t *terms) again(s string) bool {
	if len(s) < longText {
		return false
	}
	hash := maphash.String(t.seed, s)
	_, ok := t.read[hash]
	t.read[hash] = struct{}{}
	return ok
}

func (t *terms) add(kind store.TermKind, text string) {
	term := store.Term{Kind: kind, Text: text}
	if _, ok := t.seen[term]; ok || text == "" || len(t.list) >= maxTerms {
		return
	}
	term.Text = strings.Clone(text) // not the whole text it is from
	t.seen[term] = struct{}{}
	t.list = append(t.list, term)
}

func (t *terms) text(s string) {
	if t.again(s) {
		return
	}
	s = s[:min(len(s), t.left)]
	t.left -= len(s)
	words(s, func(word string) bool {
		parts(word, func(part string) { t.add(store.TermWord, part) })
		return len(t.list) < maxTerms
	})
}

func (t *terms) full() bool { return t.left == 0 || len(t.list) >= maxTerms }

// value adds the words of a value: its texts, numbers and names.
func (t *terms) value(v expr.Value) {
	if t.full() {
		return
	}
	switch v.Kind() {
	case expr.KindString:
		s, _ := v.AsString()
		t.text(s)
	case expr.KindInt, expr.KindFloat, expr.KindDecimal:
		t.text(v.Text())
	case expr.KindArray:
		for _, e := range v.Elements() {
			t.value(e)
		}
	case expr.KindObject:
		content, isContent := v.Get("$content")
		for name, m := range v.Members() {
			if isContent && name == "$content" {
				continue
			}
			t.text(name)
			t.value(m)
		}
		if isContent {
			t.content(v, content)
		}
	}
}

// content adds the words of an envelope around bytes that are text.
func (t *terms) content(envelope, content expr.Value) {
	kind, _ := envelope.Get("$content-type")
	mediaType, _ := kind.AsString()
	mediaType = strings.ToLower(mediaType)
	if !strings.HasPrefix(mediaType, "text/") && !strings.Contains(mediaType, "json") && !strings.Contains(mediaType, "xml") {
		return
	}
	text, _ := content.AsString()
	plain, _ := base64.StdEncoding.DecodeString(text[:min(len(text), maxContent)/4*4])
	t.text(string(plain))
}

// tracked adds the tracked properties of an action.
func (t *terms) tracked(properties expr.Value) {
	for name, v := range properties.Members() {
		switch v.Kind() {
		case expr.KindNull, expr.KindArray, expr.KindObject, expr.KindReference:
		default:
			t.add(store.TermTracked, trackedText(name, v.Text()))
		}
	}
	t.value(properties)
}

// trackedText is the term of a property; with the beginning of a value it is the
// beginning of the term.
func trackedText(name, value string) string { return fold(name) + "\x00" + fold(value) }

// head adds what the head of a run says, so that a query which asks for both is answered
// by the index alone.
func (t *terms) head(r store.Run) {
	t.add(store.TermWorkflow, r.Workflow)
	t.add(store.TermStatus, strings.ToLower(r.Status))
	t.add(store.TermError, strings.ToLower(r.ErrorCode))
	t.add(store.TermTracking, fold(r.ClientTrackingID))
}

// reader reads the contents that values refer to, as far as they are looked at.
type reader struct {
	ctx context.Context
	db  *store.DB
	run string
}

// run collects what an ended run is found by, of its head and its rows.
func (t *terms) run(ctx context.Context, db *store.DB, run store.Run, rows []store.Row) error {
	t.reset()
	r := reader{ctx, db, run.Name}
	t.head(run)
	fired, err := engine.DecodeTrigger(run.Head, rows)
	if err != nil {
		return err
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		return err
	}
	// What is looked for by name comes before the words that may be too many.
	if !fired.SecureInputs && !fired.SecureOutputs {
		t.tracked(fired.TrackedProperties)
	}
	for i := range records {
		rec := &records[i]
		t.failure(rec)
		if !rec.SecureInputs && !rec.SecureOutputs {
			t.tracked(rec.TrackedProperties)
		}
	}
	if fired.HasInputs && !fired.SecureInputs {
		r.add(t, fired.Inputs)
	}
	if fired.HasOutputs && !fired.SecureOutputs {
		r.addOutputs(t, fired.Outputs)
	}
	for i := range records {
		if t.full() {
			break
		}
		r.record(t, &records[i])
	}
	return nil
}

// failure adds the codes of an action that has gone wrong.
func (t *terms) failure(rec *engine.Record) {
	if rec.Status == wdl.Succeeded || rec.Status == wdl.Skipped {
		return
	}
	t.add(store.TermFailure, strings.ToLower(rec.Code))
	if rec.Error != nil {
		t.add(store.TermFailure, strings.ToLower(rec.Error.Code))
	}
}

func (r reader) record(t *terms, rec *engine.Record) {
	if rec.HasInputs && !rec.SecureInputs {
		if connector.Unreported(rec) {
			rec.Inputs = r.resolve(rec.Inputs)
		}
		r.add(t, connector.Shown(rec))
	}
	if rec.HasOutputs && !rec.SecureOutputs {
		r.addOutputs(t, rec.Outputs)
	}
}

// addOutputs adds outputs without the credentials in their headers.
func (r reader) addOutputs(t *terms, outputs expr.Value) {
	if headers, ok := outputs.Get("headers"); ok {
		if _, ok := headers.AsReference(); ok {
			outputs = outputs.With("headers", r.resolve(headers))
		}
	}
	outputs, _ = connector.SanitiseOutputs(outputs)
	r.add(t, outputs)
}

// resolve puts small contents in their place; a larger one is left out.
func (r reader) resolve(v expr.Value) expr.Value {
	whole, err := v.Resolve(func(ref expr.ContentReference) (expr.Value, error) {
		if ref.Size > maxText {
			return expr.Null(), nil
		}
		return runner.Resolve(r.ctx, r.db, r.run, expr.Reference(ref))
	})
	if err != nil { // it is gone: the run is being deleted
		return expr.Null()
	}
	return whole
}

// add adds the words of a value, and of the beginnings of contents that it refers to.
func (r reader) add(t *terms, v expr.Value) {
	t.value(v)
	r.references(t, v)
}

func (r reader) references(t *terms, v expr.Value) {
	switch v.Kind() {
	case expr.KindReference:
		ref, _ := v.AsReference()
		if t.full() {
			return
		}
		t.text(r.beginning(ref))
	case expr.KindArray:
		if !v.SurvivesJSON() {
			for _, e := range v.Elements() {
				r.references(t, e)
			}
		}
	case expr.KindObject:
		if !v.SurvivesJSON() {
			for _, m := range v.Members() {
				r.references(t, m)
			}
		}
	}
}

// beginning is the first bytes of a content: text, or JSON, whose marks are no words.
func (r reader) beginning(ref expr.ContentReference) string {
	content, _, err := r.db.OpenContent(r.ctx, r.run, ref.ID)
	if err != nil {
		return ""
	}
	defer content.Close()
	var text bytes.Buffer
	_, _ = io.CopyN(&text, content, maxContent) // what could be read is enough
	return strings.ToValidUTF8(text.String(), " ")
}
