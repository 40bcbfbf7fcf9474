package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// The lookup key of an environment's database makes what is searched for but must not
// be read: blind tokens of error codes, and the words of the index. It is made once and
// sealed like everything else, so that it lives as long as the data.

const lookupTable = "lookup"

// readLookupKey reads the key; it is nil in a database that has none.
func (c *conn) readLookupKey(s *sealer) (key []byte, err error) {
	err = c.one(`SELECT key FROM lookup`, func(v []driver.Value) (err error) {
		key, err = s.open(appendPlace(nil, lookupTable), v[0].([]byte))
		return err
	})
	if err == ErrNotFound {
		err = nil
	}
	return key, err
}

// addLookupKey makes the key of a database that has none, and the tokens of what was
// stored before there was one. It runs inside the caller's transaction.
func (c *conn) addLookupKey(s *sealer) (*lookup, error) {
	key, err := c.readLookupKey(s)
	if err != nil || key != nil {
		return newLookup(key), err
	}
	key = randomBytes(keySize)
	if _, err := c.run(`INSERT INTO lookup (only, key) VALUES (1, ?)`, s.seal(nil, appendPlace(nil, lookupTable), key)); err != nil {
		return nil, err
	}
	l := newLookup(key)
	return l, c.addErrorTokens(s, l)
}

func (c *conn) addErrorTokens(s *sealer, l *lookup) error {
	tokens := map[int64]driver.Value{}
	if err := c.query(`SELECT id, name, detail FROM runs WHERE detail IS NOT NULL`, func(v []driver.Value) error {
		text, err := s.open(appendPlace(nil, "runs.detail", v[1].(string)), v[2].([]byte))
		var d runDetail
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			return fmt.Errorf("run %s: %w", v[1], err)
		}
		tokens[v[0].(int64)] = l.errorToken(d.Code)
		return nil
	}); err != nil {
		return err
	}
	for id, token := range tokens {
		if _, err := c.run(`UPDATE runs SET error = ? WHERE id = ?`, token, id); err != nil {
			return err
		}
	}
	return nil
}

// lookup makes tokens and words under the lookup key. Safe for concurrent use.
type lookup struct {
	errors      []byte       // key of error codes
	tails       []byte       // key of what is cut off long words
	chain       cipher.Block // of the state behind each byte
	left, right cipher.Block // of the permutation of the next byte
}

func newLookup(key []byte) *lookup {
	if key == nil {
		return nil
	}
	block := func(purpose string) cipher.Block {
		b, err := aes.NewCipher(deriveKey(key, nil, []byte(purpose)))
		if err != nil {
			panic(err) // the key has the right length
		}
		return b
	}
	return &lookup{errors: deriveKey(key, nil, []byte("errors")), tails: deriveKey(key, nil, []byte("tails")),
		chain: block("chain"), left: block("left"), right: block("right")}
}

// errorToken stands for an error code, ignoring case, in the column of that name; NULL
// for none.
func (l *lookup) errorToken(code string) driver.Value {
	if code == "" || l == nil {
		return nil
	}
	h := hmac.New(sha256.New, l.errors)
	h.Write([]byte(strings.ToLower(code)))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

func (d *DB) errorToken(code string) driver.Value { return d.lookup.errorToken(code) }

// maxWord is how many bytes of a word are substituted one by one, and so how long a
// prefix can be; of the rest of a longer word there is a token.
const maxWord = 40

// word is the form of a word in the index: two hexadecimal digits for each of its first
// maxWord bytes. A byte is replaced by a permutation that depends on the key and on
// all bytes before it, so that words with a common beginning, and only these, have forms
// with a common beginning of the same length: exact words and prefixes are found as
// they are in plain text, and nothing can be read.
func (l *lookup) word(text string) string {
	head, tail := text, ""
	if len(text) > maxWord {
		head, tail = text[:maxWord], text[maxWord:]
	}
	form := hex.EncodeToString(l.substitute(head))
	if tail == "" {
		return form
	}
	h := hmac.New(sha256.New, l.tails)
	h.Write([]byte(text))
	return form + hex.EncodeToString(h.Sum(nil)[:8])
}

// prefix is the form with which those of all words begin that begin with text.
func (l *lookup) prefix(text string) string {
	return hex.EncodeToString(l.substitute(text[:min(len(text), maxWord)]))
}

func (l *lookup) substitute(text string) []byte {
	out := make([]byte, len(text))
	var state [aes.BlockSize]byte
	var rounds [2 * aes.BlockSize]byte
	for i := range len(text) {
		l.left.Encrypt(rounds[:aes.BlockSize], state[:])
		l.right.Encrypt(rounds[aes.BlockSize:], state[:])
		out[i] = permute(text[i], &rounds)
		state[0] ^= text[i]
		l.chain.Encrypt(state[:], state[:])
	}
	return out
}

// permute is a Feistel network over the two halves of a byte: each of its four rounds
// has a table of 16 random half-bytes.
func permute(b byte, rounds *[2 * aes.BlockSize]byte) byte {
	high, low := b>>4, b&15
	for round := range 4 {
		entry := rounds[8*round+int(low>>1)] >> (4 * (low & 1)) & 15
		high, low = low, high^entry
	}
	return high<<4 | low
}
