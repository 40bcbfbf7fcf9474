package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func openWords(t testing.TB, dir string) *DB { return openWith(t, dir, Options{}) }

func openWith(t testing.TB, dir string, o Options) *DB {
	t.Helper()
	s, err := Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d, err := s.Environment(context.Background(), Shared)
	if err != nil {
		t.Fatal(err)
	}
	d.words.full = 4
	return d
}

var vocabulary = []string{"a", "ab", "abc", "abd", "b", "order", "order-1", "order-10", "straße", strings.Repeat("x", 39), strings.Repeat("x", 40), strings.Repeat("x", 41), strings.Repeat("x", 45) + "1", strings.Repeat("x", 45) + "2"}

// wordsModel is what the index should hold.
type wordsModel map[int64]Document

func (m wordsModel) matches(d Document, all [][]TermQuery) bool {
	return !slices.ContainsFunc(all, func(group []TermQuery) bool {
		return !slices.ContainsFunc(group, func(q TermQuery) bool {
			return slices.ContainsFunc(d.Terms, func(t Term) bool {
				return t == q.Term || q.Prefix && t.Kind == q.Kind && strings.HasPrefix(t.Text, q.Text[:min(len(q.Text), maxWord-1)])
			})
		})
	})
}

// find gives the runs that match, by start in milliseconds, newest first; those of one
// millisecond by number, as their order is not promised.
func (m wordsModel) find(q WordsQuery) (found []string) {
	for _, d := range m {
		if m.matches(d, q.All) && !d.Start.Before(q.From) && (q.To.IsZero() || d.Start.Before(q.To)) {
			found = append(found, hitText(d.Start, d.Run))
		}
	}
	slices.Sort(found)
	return found
}

func hitText(start time.Time, run int64) string {
	return fmt.Sprintf("%d-%d", 9e12-start.UnixMilli(), run)
}

// findAll reads page by page.
func findAll(t *rapid.T, w *Words, q WordsQuery) (found []string) {
	last := time.Time{}
	for {
		hits, next, err := w.Find(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) > q.Limit {
			t.Fatalf("%d hits on a page of %d", len(hits), q.Limit)
		}
		for _, h := range hits {
			if !last.IsZero() && h.Start.Truncate(time.Millisecond).After(last) {
				t.Fatalf("%v behind %v", h.Start, last)
			}
			last = h.Start
			if (q.To.IsZero() || h.Start.Before(q.To)) && !h.Start.Before(q.From) { // the index knows bounds to a second
				found = append(found, hitText(h.Start, h.Run))
			}
		}
		if next == 0 {
			slices.Sort(found)
			return found
		}
		q.Below = next
	}
}

func drawTerms(t *rapid.T) []Term {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Term {
		return Term{rapid.SampledFrom([]TermKind{TermWord, TermStatus}).Draw(t, "kind"), rapid.SampledFrom(vocabulary).Draw(t, "text")}
	}), 0, 6, func(t Term) Term { return t }).Draw(t, "terms")
}

func drawQuery(t *rapid.T) WordsQuery {
	q := WordsQuery{Limit: rapid.IntRange(1, 5).Draw(t, "limit")}
	q.All = rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) TermQuery {
		return TermQuery{Term{rapid.SampledFrom([]TermKind{TermWord, TermStatus}).Draw(t, "kind"), rapid.SampledFrom(vocabulary).Draw(t, "text")}, rapid.Bool().Draw(t, "prefix")}
	}), 1, 2), 1, 2).Draw(t, "all")
	if rapid.Bool().Draw(t, "window") {
		q.From = drawStart(t)
		q.To = drawStart(t)
	}
	return q
}

func drawStart(t *rapid.T) time.Time {
	return time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "start")) * 700 * time.Millisecond)
}

// What the index finds is what a look at every run finds: also after runs were indexed
// again or deleted, in shards that came and went, and after it was opened again.
func TestWordsAgreeWithAScan(t *testing.T) {
	dir := t.TempDir()
	d := openWords(t, dir)
	m := wordsModel{}
	cursor := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		var documents []Document
		for range rapid.IntRange(0, 8).Draw(t, "documents") {
			doc := Document{Run: rapid.Int64Range(1, 40).Draw(t, "run"), Start: drawStart(t), Terms: drawTerms(t)}
			documents = append(documents, doc)
		}
		// Of a run given twice the last one in order of starts stays, so give each once.
		slices.SortFunc(documents, func(a, b Document) int { return cmp.Compare(a.Run, b.Run) })
		documents = slices.CompactFunc(documents, func(a, b Document) bool { return a.Run == b.Run })
		cursor++
		if err := d.words.Index(documents, cursor); err != nil {
			t.Fatal(err)
		}
		for _, doc := range documents {
			m[doc.Run] = doc
		}
		var purged []Purged
		for range rapid.IntRange(0, 6).Draw(t, "purged") {
			run := rapid.Int64Range(1, 45).Draw(t, "run")
			purged = append(purged, Purged{Run: run, Start: m[run].Start})
			delete(m, run)
		}
		if err := d.words.Forget(purged); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			q := drawQuery(t)
			if got, want := findAll(t, d.words, q), m.find(q); !slices.Equal(got, want) {
				t.Fatalf("%+v:\n got %v\nwant %v", q, got, want)
			}
		}
	})
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	d = openWords(t, dir)
	if d.words.Cursor() != cursor {
		t.Errorf("the cursor is %d, not %d", d.words.Cursor(), cursor)
	}
	agree := func(t *rapid.T) {
		q := drawQuery(t)
		if got, want := findAll(t, d.words, q), m.find(q); !slices.Equal(got, want) {
			t.Fatalf("%+v, opened again:\n got %v\nwant %v", q, got, want)
		}
	}
	rapid.Check(t, agree)
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	d = openWith(t, dir, Options{ReadOnly: true})
	rapid.Check(t, agree)
	if err := d.words.Index(nil, 1); err != ErrReadOnly {
		t.Errorf("writing what is read only: %v", err)
	}
}

// Forms of words begin alike exactly as far as the words do, and do not show them.
func TestWordsAreSubstituted(t *testing.T) {
	l := newLookup(bytes.Repeat([]byte{7}, keySize))
	common := func(a, b string) (n int) {
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringN(1, 10, 20)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if rapid.Bool().Draw(t, "related") {
			b = a + b
		}
		fa, fb := l.substitute(a), l.substitute(b)
		if got, want := common(string(fa), string(fb)), common(a, b); got != want || len(fa) != len(a) {
			t.Fatalf("%q and %q begin alike for %d bytes, their forms for %d", a, b, want, got)
		}
	})
	for prefix := range 300 { // each position has a permutation, and not the same one
		seen := map[byte]bool{}
		for b := range 256 {
			text := fmt.Sprint(prefix) + string([]byte{byte(b)})
			seen[l.substitute(text)[len(text)-1]] = true
		}
		if len(seen) != 256 {
			t.Fatalf("%d bytes behind %d", len(seen), prefix)
		}
	}
	other := newLookup(bytes.Repeat([]byte{8}, keySize))
	if same := common(l.word("contoso"), other.word("contoso")); same > 4 {
		t.Errorf("another key gives %d equal digits", same)
	}
}

// No word stands in the file, in plain or as the digits of plain text.
func TestWordsAreNotReadable(t *testing.T) {
	dir := t.TempDir()
	d := openWords(t, dir)
	secret := "plantedword"
	var documents []Document
	for i := range 20 {
		documents = append(documents, Document{Run: int64(i + 1), Start: time.Unix(int64(i), 0), Terms: []Term{{TermWord, secret}, {TermWord, fmt.Sprint(secret, i)}}})
	}
	if err := d.words.Index(documents, 20); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"words.db", "words.db-wal"} {
		text, err := os.ReadFile(filepath.Join(d.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{secret[:8], hex.EncodeToString([]byte(secret[:8]))} {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("%s holds %s", name, form)
			}
		}
	}
}

// An index that is damaged, or of another database, is made anew; numbers of ended runs
// go on behind what the index knows, also when the newest runs were deleted.
func TestWordsAreMadeAnew(t *testing.T) {
	dir := t.TempDir()
	d := openWords(t, dir)
	run := Run{Name: "r", Workflow: "w", Status: "Succeeded", Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	write := func(fn func(tx *Tx) error) {
		t.Helper()
		if err := d.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *Tx) error { return tx.CreateRun(run) })
	if err := d.words.Index([]Document{{Run: 1, Start: run.Start, Terms: []Term{{TermWord, "word"}}}}, d.Ended()); err != nil {
		t.Fatal(err)
	}
	write(func(tx *Tx) error { return tx.DeleteRun("r") })
	reopen := func() {
		t.Helper()
		if err := d.store.Close(); err != nil {
			t.Fatal(err)
		}
		d = openWords(t, dir)
	}
	reopen()
	write(func(tx *Tx) error { return tx.CreateRun(run) })
	if d.words.Cursor() != 1 || d.Ended() != 2 {
		t.Errorf("indexed up to %d, ended %d", d.words.Cursor(), d.Ended())
	}
	path := d.words.path
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	d = openWords(t, dir)
	if hits, _, err := d.words.Find(t.Context(), WordsQuery{All: [][]TermQuery{{{Term: Term{TermWord, "word"}}}}, Limit: 9}); err != nil || len(hits) != 0 || d.words.Cursor() != 0 {
		t.Errorf("%v, %v, indexed up to %d", hits, err, d.words.Cursor())
	}
	if err := d.words.Index([]Document{{Run: 1, Start: run.Start, Terms: []Term{{TermWord, "word"}}}}, d.Ended()); err != nil {
		t.Fatal(err)
	}
}

// The forms that are kept are of short words, and no more than maxForms.
func TestKeptFormsAreBounded(t *testing.T) {
	w := openWords(t, t.TempDir()).words
	for i := range maxForms + 10 {
		plain := fmt.Sprint("word", i)
		if form := w.form(plain); form != w.db.lookup.word(plain) || form != w.form(plain) {
			t.Fatalf("%s has the form %s", plain, form)
		}
		w.form(plain + strings.Repeat("x", maxWord))
		if len(w.forms) > maxForms {
			t.Fatalf("%d forms are kept", len(w.forms))
		}
	}
	for plain := range w.forms {
		if len(plain) > maxWord {
			t.Fatalf("the form of a word of %d bytes is kept", len(plain))
		}
	}
}

func BenchmarkWords(b *testing.B) {
	l := newLookup(bytes.Repeat([]byte{7}, keySize))
	words := make([]string, 50)
	for i := range words {
		words[i] = fmt.Sprint("word", rand.IntN(1e6))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, w := range words {
			l.word(w)
		}
	}
}
