// Package search makes runs searchable by what they hold: the words of inputs and
// outputs, tracked properties, and the error codes of actions.
//
// Nothing of it happens in the commit of a run. An [Indexer] walks the runs of each
// environment in the order in which they ended, and puts what each can be found by into
// the environment's index of words ([store.Words]), together with how far it has come: so
// a crash makes it neither miss a run nor hold one twice. How far it is behind is
// [store.Tx.Lag]. While runs come in fast it takes a small share of the processor, and
// catches up when it is quiet.
//
// What is indexed is what the history shows: secured inputs and outputs, and the tracked
// properties beside them, never; credentials in headers, addresses and signatures as the
// history hides them. Open runs are found by their heads only, until they end.
//
// A word is a run of letters and digits, in which any of - _ . @ + ' may stand; it is
// found as a whole, by its parts, and what follows a dot or @ in it as well:
// "jane.doe@contoso.com" by contoso.com. Letter case does not matter. Han and kana are
// words of one character.
//
// Bounds of one run: [maxTerms] different terms, [maxText] bytes of text, of a value kept
// as a file its first [maxContent] bytes, of records the first [maxRows] bytes. The
// trigger comes first, then actions in definition order; what is beyond is not found.
package search

const (
	maxTerms   = 1000
	maxText    = 256 << 10
	maxContent = 64 << 10
	maxRows    = 2 << 20
)
